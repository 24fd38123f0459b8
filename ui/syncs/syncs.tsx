import type { HistoryWire, SourcesWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import { LiveView } from '../shell/live-view.tsx';
import type { WebPages } from '../shell/web-link.tsx';
import { plural } from '../text/sentence.ts';
import { Sync } from './sync.tsx';

/** Of one source; `fluxctl history` lists more. */
const SHOWN = 50;

/** The last syncs that changed something, of each source. */
export function Syncs() {
  const sources = useLive<SourcesWire>('/sources');
  return (
    <>
      <h1>Syncs</h1>
      <LiveView live={sources}>
        {({ sources }) =>
          sources.map(({ name, webPages }) => (
            <OfSource key={name} name={name} isNamed={sources.length > 1} webPages={webPages} />
          ))
        }
      </LiveView>
    </>
  );
}

interface Props {
  readonly name: string;
  readonly isNamed: boolean;
  readonly webPages: WebPages | undefined;
}

function OfSource({ name, isNamed, webPages }: Props) {
  const live = useLive<HistoryWire>(`/history?source=${encodeURIComponent(name)}&limit=${SHOWN}`);
  return (
    <section class="syncs" aria-label={`Syncs of ${name}`}>
      <h2 class={isNamed ? undefined : 'unseen'}>{name}</h2>
      <LiveView live={live}>
        {({ syncs, inMemory }) => (
          <>
            {syncs.length === 0 && <p>No sync has changed anything yet.</p>}
            {syncs.map((sync) => (
              <Sync key={`${sync.revision} ${sync.startedAt}`} sync={sync} source={name} webPages={webPages} />
            ))}
            {inMemory && <p class="hint">fluxd keeps its records in memory: syncs before its start are not known.</p>}
            {syncs.length === SHOWN && (
              <p class="hint">These are the last {plural(SHOWN, 'sync')}; fluxctl history lists more.</p>
            )}
          </>
        )}
      </LiveView>
    </section>
  );
}
