import type { HistoryWire } from '../../src/api/wire/index.ts';
import { Counts } from '../overview/counts.tsx';
import { ObjectLink } from '../shell/object-link.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { CommitLink, type WebPages } from '../shell/web-link.tsx';
import { plural, sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';
import { SyncChange } from './sync-change.tsx';

type SyncWire = HistoryWire['syncs'][number];

const OUTCOMES = ['failed', 'refused', 'held', 'deleted', 'created', 'configured', 'skipped', 'unchanged'];

interface Props {
  readonly sync: SyncWire;
  /** The name of its source. */
  readonly source: string;
  readonly webPages: WebPages | undefined;
}

/** One sync: when, what it changed, and what became of it. */
export function Sync({ sync, source, webPages }: Props) {
  const { revision, startedAt, durationMs, counts, changes, imageUpdates, omitted, failure } = sync;
  const refused = changes.filter(({ outcome }) => outcome === 'refused').length;
  const failed = failure !== undefined || refused > 0 || (counts.failed ?? 0) > 0;
  return (
    <article class="sync">
      <h3>
        <StateMark state={failed ? 'failed' : 'ok'} name={failed ? 'With failures' : 'Synced'} />
        <CommitLink revision={revision} webPages={webPages} />
        <span class="hint">
          <Time at={startedAt} />
          {durationMs !== undefined && `, in ${(durationMs / 1000).toFixed(1)} s`}
        </span>
      </h3>
      {failure && (
        <p>
          {sentence(failure.message)} {failure.help !== undefined && <span class="hint">{failure.help}</span>}
        </p>
      )}
      <Counts counts={{ ...counts, refused }} order={OUTCOMES} none="" />
      {imageUpdates.length > 0 && (
        <ul class="changes">
          {imageUpdates.map(({ commit, workload, container, from, to }) => (
            <li key={`${workload} ${container}`}>
              <ObjectLink id={workload} /> {container}: <code>{from}</code> → <code>{to}</code>
              <span class="hint">
                {' '}
                <CommitLink revision={commit} webPages={webPages} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {changes.length > 0 && (
        <details>
          <summary>{plural(changes.length + (omitted ?? 0), 'change')}</summary>
          <ul class="changes">
            {changes.map((change) => (
              <SyncChange
                key={`${change.id} ${change.outcome} ${change.place}`}
                change={change}
                sync={sync}
                source={source}
                webPages={webPages}
              />
            ))}
            {omitted !== undefined && <li class="hint">and {plural(omitted, 'other')}, which the record leaves out.</li>}
          </ul>
          {sync.previous === undefined && <p class="hint">No sync before is known, so there is nothing to compare with.</p>}
          {sync.previous === revision && <p class="hint">The same revision was synced before: Git did not change.</p>}
        </details>
      )}
    </article>
  );
}
