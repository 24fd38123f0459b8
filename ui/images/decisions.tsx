import type { ComponentChildren } from 'preact';
import type { ImageDecisionsWire } from '../../src/api/wire/index.ts';
import { useLiveList } from '../api/use-live.ts';
import { ChangeButton } from '../changes/change-button.tsx';
import { Choice } from '../shell/choice.tsx';
import { LiveView } from '../shell/live-view.tsx';
import { ObjectLink } from '../shell/object-link.tsx';
import { go, type ImageFilter } from '../shell/route.ts';
import { SearchField } from '../shell/search-field.tsx';
import { useShowMore } from '../shell/show-more.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { withTag } from '../text/image-name.ts';
import { ImageName } from '../text/image-name.tsx';
import { plural, sentence } from '../text/sentence.ts';

type Container = ImageDecisionsWire['containers'][number];

/** What automation does with each container in Git, and why; what is not in order first. */
export function Decisions({ filter }: Pick<KnownProps, 'filter'>) {
  const live = useLiveList<'containers', ImageDecisionsWire>('/images/decisions', 'containers');
  return <LiveView live={live}>{({ containers }) => <Known containers={containers} filter={filter} />}</LiveView>;
}

interface KnownProps extends Pick<ImageDecisionsWire, 'containers'> {
  readonly filter: ImageFilter;
}

function Known({ containers, filter }: KnownProps) {
  const { text, decision } = filter;
  const change = (part: Partial<ImageFilter>) => go({ view: 'images', filter: { ...filter, ...part } });
  const found = containers.filter(
    (each) => (decision === '' || wordOf(each) === decision) && hasText(each, text.trim().toLowerCase()),
  );
  const ordered = found.toSorted((a, b) => rankOf(a) - rankOf(b));
  const { shown, button } = useShowMore(ordered.length);
  const states = ORDER.filter((word) => containers.some((each) => wordOf(each) === word));
  return (
    <section class="images-part" aria-labelledby="decisions-title">
      <h2 id="decisions-title">Containers</h2>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <SearchField placeholder="Id, image or reason (/)" value={text} onInput={(text) => change({ text })} />
        <Choice name="Decision" value={decision} values={states} onChange={(decision) => change({ decision })} />
      </form>
      <p class="hint" role="status">
        {found.length === containers.length
          ? plural(containers.length, 'container')
          : `${found.length.toLocaleString('en')} of ${plural(containers.length, 'container')}`}
      </p>
      <ReleaseAll containers={containers} />
      {found.length > 0 && <Rows containers={ordered.slice(0, shown)} button={button} />}
    </section>
  );
}

/** The newer tag that may be released: a lock keeps it out. */
function releasable({ newest, code }: Container): string | undefined {
  return code === 'locked' ? undefined : newest;
}

/** A button for each source that has newer images. */
function ReleaseAll({ containers }: Pick<ImageDecisionsWire, 'containers'>) {
  const sources = new Set(containers.filter((each) => releasable(each) !== undefined).map(({ source }) => source));
  return (
    <div class="change-bar">
      {[...sources].map((source) => (
        <ChangeButton key={source ?? ''} act={{ type: 'release-newest' }} on={source} source={source} />
      ))}
    </div>
  );
}

interface RowsProps {
  readonly containers: readonly Container[];
  readonly button: ComponentChildren;
}

function Rows({ containers, button }: RowsProps) {
  return (
    <div class="table-frame stacking decisions">
      <table>
        <thead>
          <tr>
            <th scope="col">Container</th>
            <th scope="col">In Git</th>
            <th scope="col">Newest allowed</th>
            <th scope="col">Decision</th>
          </tr>
        </thead>
        <tbody>
          {containers.map((each) => (
            <Row key={`${each.id} ${each.container} ${each.source ?? ''}`} container={each} />
          ))}
        </tbody>
      </table>
      {button}
    </div>
  );
}

function Row({ container }: { readonly container: Container }) {
  const { id, container: name, source, image, newest, code, pattern, text } = container;
  const word = wordOf(container);
  const release = releasable(container);
  return (
    <tr>
      <td>
        <ObjectLink id={id} source={source} /> <span class="hint">{name}</span>
      </td>
      <td data-name="In Git">
        <ImageName name={image} />
      </td>
      <td data-name="Newest allowed">
        {newest === undefined ? <span class="hint">the one in Git</span> : <code>{newest}</code>}
      </td>
      <td>
        <span class="decision">
          <StateMark state={MARKS[word]} name={word} />
          <span>{code === 'newest' ? `The newest that matches ${pattern}.` : sentence(text)}</span>
        </span>
        {release !== undefined && (
          <ChangeButton
            act={{ type: 'release', id, update: { container: name, current: image, target: withTag(image, release) } }}
            on={`${name} of ${id}`}
            source={source}
            label="Release"
          />
        )}
      </td>
    </tr>
  );
}

/** What a decision is called; the first ones come first. */
const ORDER = ['unknown', 'held', 'waiting', 'updated next', 'not automated', 'current'] as const;
type Word = (typeof ORDER)[number];

const MARKS: Readonly<Record<Word, string>> = {
  unknown: 'unknown',
  held: 'held',
  waiting: 'waiting',
  'updated next': 'waiting',
  'not automated': 'skipped',
  current: 'ok',
};

function wordOf({ state, code }: Container): Word {
  if (code === 'not-automated') return 'not automated';
  if (state === 'update') return 'updated next';
  return ORDER.find((word) => word === state) ?? 'unknown';
}

function rankOf(container: Container): number {
  return ORDER.indexOf(wordOf(container));
}

function hasText({ id, container, image, text }: Container, wanted: string): boolean {
  return `${id} ${container} ${image} ${text}`.toLowerCase().includes(wanted);
}
