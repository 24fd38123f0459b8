import type { OverviewWire } from '../../src/api/wire/index.ts';
import type { Live } from '../api/live.ts';
import { FavouriteList } from '../favourites/favourite-list.tsx';
import { LiveView } from '../shell/live-view.tsx';
import { Notice } from '../shell/notice.tsx';
import { StateMark } from '../shell/state-mark.tsx';
import { plural } from '../text/sentence.ts';
import { SourceCard } from './source-card.tsx';
import { TroubleList } from './trouble-list.tsx';

/** What is wrong first, then each source. */
export function Overview({ live }: { readonly live: Live<OverviewWire> }) {
  return <LiveView live={live}>{(overview) => <Known overview={overview} />}</LiveView>;
}

function Known({ overview: { sources, troubles, omitted } }: { readonly overview: OverviewWire }) {
  const isStarting =
    sources.every(({ revision }) => revision === undefined) && troubles.every(({ code }) => code === 'not-ready');
  const hasSources = sources.length > 1;
  return (
    <>
      <h1 class="unseen">Overview</h1>
      {isStarting ? (
        <Notice title="fluxd is starting">
          <p>It has not synced yet. This page shows what it does as soon as it does it.</p>
        </Notice>
      ) : troubles.length > 0 ? (
        <TroubleList troubles={troubles} omitted={omitted} hasSources={hasSources} />
      ) : (
        <AllWell sources={sources} />
      )}
      <FavouriteList />
      <section class="sources" aria-labelledby="sources-title">
        <h2 id="sources-title">{hasSources ? 'Sources' : 'Source'}</h2>
        {sources.map((source) => (
          <SourceCard key={source.name} source={source} hasName={hasSources} />
        ))}
      </section>
    </>
  );
}

/** Without troubles: what is not healthy yet may still fail. */
function AllWell({ sources }: Pick<OverviewWire, 'sources'>) {
  const open = sources.reduce((sum, { health }) => sum + (health?.counts.inProgress ?? 0), 0);
  return (
    <p class="all-well" role="status">
      <StateMark state={open === 0 ? 'ok' : 'waiting'} />
      {open === 0
        ? 'Nothing failed, and nothing is held.'
        : `Nothing is known to have failed; ${plural(open, 'object')} in progress.`}
    </p>
  );
}
