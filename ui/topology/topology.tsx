import { useRef } from 'preact/hooks';
import type { TopologyWire } from '../../src/api/wire/index.ts';
import type { Live } from '../api/live.ts';
import { useLive } from '../api/use-live.ts';
import { LiveView } from '../shell/live-view.tsx';
import { pathOf, type TopologyFilter } from '../shell/route.ts';
import { plural } from '../text/sentence.ts';
import { TopologyFilters } from './filters.tsx';
import { Graph } from './graph.tsx';
import { createHrefs, type Show } from './links.ts';
import { Tree } from './tree.tsx';
import { useSettled } from './use-settled.ts';

interface Props {
  readonly as: Show;
  readonly filter: TopologyFilter;
}

/** What runs, from the repositories to the pods. */
export function Topology({ as, filter }: Props) {
  const path = useSettled(pathOf('/topology', filter));
  const { live, isOld } = useLast(useLive<TopologyWire>(path), path);
  return (
    <>
      <h1>Topology</h1>
      <TopologyFilters topology={'value' in live ? live.value : undefined} filter={filter} as={as} />
      <LiveView live={live}>{(topology) => <Known topology={topology} filter={filter} as={as} isOld={isOld} />}</LiveView>
    </>
  );
}

interface KnownProps extends Props {
  readonly topology: TopologyWire;
  /** Of the filter before. */
  readonly isOld: boolean;
}

function Known({ topology, filter, as, isOld }: KnownProps) {
  const hrefFor = createHrefs(topology, filter, as);
  const View = as === 'tree' ? Tree : Graph;
  return (
    <div class="topology">
      <p class="hint" role="status">
        {isOld ? 'Loading…' : summaryOf(topology)}
      </p>
      {topology.unread.map(({ what, reason }) => (
        <p key={`${what} ${reason}`} class="hint">
          Without {what}: {reason}.
        </p>
      ))}
      {topology.nodes.length > 0 && (
        <div class={isOld ? 'stale' : undefined}>
          <View topology={topology} hrefFor={hrefFor} />
        </div>
      )}
    </div>
  );
}

const AS: Readonly<Record<string, string>> = {
  objects: 'each by itself; a narrower filter adds their pods',
  kinds: 'by kind; a narrower filter shows each',
  folders: 'by folder; a narrower filter shows more',
};

function summaryOf({ objects, detail, omitted }: TopologyWire): string {
  if (objects === 0) return 'No object fits this filter.';
  const left = omitted === 0 ? '' : ` ${plural(omitted, 'more folder')} ${omitted === 1 ? 'is' : 'are'} left out.`;
  const how = detail === 'pods' ? `with ${objects === 1 ? 'its' : 'their'} pods` : (AS[detail] ?? detail);
  return `${plural(objects, 'object')}, ${how}.${left}`;
}

/** While another part is read, the last one is still there. What a hidden tab knew long ago is not. */
function useLast(live: Live<TopologyWire>, path: string) {
  const last = useRef({ live, path });
  if (live.kind !== 'loading') last.current = { live, path };
  const isOld = live.kind === 'loading' && last.current.path !== path;
  return { live: isOld ? last.current.live : live, isOld };
}
