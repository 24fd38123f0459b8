import type { OverviewWire } from '../../src/api/wire/index.ts';
import type { Live } from '../api/live.ts';
import { Notice } from '../shell/notice.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';
import { SourceCard } from './source-card.tsx';
import { TroubleList } from './trouble-list.tsx';

/** What is wrong first, then each source. */
export function Overview({ live }: { readonly live: Live<OverviewWire> }) {
  switch (live.kind) {
    case 'loading':
      return <Notice title="Loading…" />;
    case 'unreachable':
      return (
        <Notice title="fluxd does not answer" isUrgent>
          <p>The page tries again every few seconds. A port-forward may have ended: run fluxctl ui again.</p>
        </Notice>
      );
    case 'refused':
      return (
        <Notice title="You may not see this" isUrgent>
          <p>{sentence(live.problem.detail)}</p>
          {live.problem.help !== undefined && <p>{live.problem.help}</p>}
        </Notice>
      );
    case 'stale':
      return (
        <>
          <Notice title="fluxd does not answer" isUrgent>
            <p>
              What is below was read <Time at={new Date(live.at).toISOString()} />. The page tries again every few seconds.
            </p>
          </Notice>
          <div class="stale">
            <Known overview={live.value} />
          </div>
        </>
      );
    case 'current':
      return <Known overview={live.value} />;
  }
}

function Known({ overview: { sources, troubles, omitted } }: { readonly overview: OverviewWire }) {
  const isStarting =
    sources.every(({ revision }) => revision === undefined) && troubles.every(({ code }) => code === 'not-ready');
  const hasSources = sources.length > 1;
  return (
    <>
      {isStarting ? (
        <Notice title="fluxd is starting">
          <p>It has not synced yet. This page shows what it does as soon as it does it.</p>
        </Notice>
      ) : troubles.length > 0 ? (
        <TroubleList troubles={troubles} omitted={omitted} hasSources={hasSources} />
      ) : (
        <p class="all-well" role="status">
          <StateMark state="ok" /> Nothing failed, and nothing is held.
        </p>
      )}
      <section class="sources" aria-labelledby="sources-title">
        <h2 id="sources-title">{hasSources ? 'Sources' : 'Source'}</h2>
        {sources.map((source) => (
          <SourceCard key={source.name} source={source} hasName={hasSources} />
        ))}
      </section>
    </>
  );
}
