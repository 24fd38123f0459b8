import type { TopologyWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import { pathOf, WHOLE_TOPOLOGY } from '../shell/route.ts';
import { Graph } from './graph.tsx';
import { createHrefs } from './links.ts';

interface Props {
  readonly id: string;
  /** The name of its source, if there are several. */
  readonly source: string | undefined;
}

/** What an object uses, what leads to it, and what it owns; nothing where it stands alone. */
export function Around({ id, source }: Props) {
  const live = useLive<TopologyWire>(pathOf('/topology', { around: id, source }));
  if (!('value' in live) || live.value.nodes.filter(({ type }) => type !== 'source' && type !== 'folder').length < 2) return null;
  return (
    <section class="around" aria-labelledby="around-title">
      <h2 id="around-title">Around it</h2>
      <Graph topology={live.value} hrefFor={createHrefs(live.value, WHOLE_TOPOLOGY, 'graph')} />
    </section>
  );
}
