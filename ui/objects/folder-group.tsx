import { Counts, OBJECT_STATES } from '../overview/counts.tsx';
import { ObjectLink } from '../shell/object-link.tsx';
import { useShowMore } from '../shell/show-more.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';
import { type Group, type ObjectEntry, placeOf } from './groups.ts';

interface Props {
  readonly group: Group;
  readonly hasSources: boolean;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

/** A folder, and when it is open its objects. */
export function FolderGroup({ group: { source, folder, objects, counts }, hasSources, isOpen, onToggle }: Props) {
  const { shown, button } = useShowMore(objects.length);
  return (
    <section class="folder">
      <h2>
        <button type="button" class="folder-name" aria-expanded={isOpen} onClick={onToggle}>
          <span class="folder-mark" aria-hidden="true">
            {isOpen ? '▾' : '▸'}
          </span>
          {folder === '' ? 'Not in Git' : folder}
          {hasSources && source !== undefined && <span class="badge">{source}</span>}
          <Counts counts={counts} order={OBJECT_STATES} none="" />
        </button>
      </h2>
      {isOpen && (
        <ul>
          {objects.slice(0, shown).map((object) => (
            <Row key={`${object.id} ${placeOf(object)}`} object={object} source={hasSources ? source : undefined} />
          ))}
        </ul>
      )}
      {isOpen && button}
    </section>
  );
}

/** The mark of each state; an unknown one of a newer daemon has its own. */
const MARKS: Readonly<Record<string, string>> = {
  failed: 'failed',
  refused: 'failed',
  held: 'held',
  waiting: 'waiting',
  synced: 'ok',
  skipped: 'skipped',
};

function Row({ object, source }: { readonly object: ObjectEntry; readonly source: string | undefined }) {
  const { id, state, since, reason, error } = object;
  const why = reason ?? error?.message;
  return (
    <li class="object">
      <StateMark state={MARKS[state] ?? 'unknown'} name={state} />
      <div>
        <p>{id === undefined ? <code>{placeOf(object)}</code> : <ObjectLink id={id} source={source} />}</p>
        {why !== undefined && <p class="object-why">{sentence(why)}</p>}
      </div>
      <p class="hint object-place">{id === undefined ? '' : placeOf(object)}</p>
      <p class="hint object-since">
        {state} <Time at={since} />
      </p>
    </li>
  );
}
