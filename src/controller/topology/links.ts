import { yieldTurn } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { Drawing } from './draw.ts';
import type { Entry } from './entries.ts';
import type { TopologyLink, TopologyNode } from './node.ts';
import type { Relation } from './relations.ts';

interface Drawn {
  readonly drawing: Drawing;
  /** All objects of the repositories. */
  readonly byId: ReadonlyMap<ResourceId, Entry>;
  /** Nodes that there is room for. */
  readonly room: number;
}

/** Relations between two turns of the event loop. */
const PER_TURN = 5_000;
/** Lines that can be followed; a browser draws them at once. */
const MAX_LINKS = 1_000;

/** The relations among what is drawn, each once, and a node for each object that is used and not in a repository. */
export async function linksOf(
  relations: readonly Relation[],
  { drawing: { nodeOf }, byId, room }: Drawn,
): Promise<{ readonly links: readonly TopologyLink[]; readonly outside: readonly TopologyNode[] }> {
  const links = new Map<string, TopologyLink>();
  const outside = new Map<ResourceId, TopologyNode>();
  const nodeFor = (id: ResourceId): string | undefined => {
    const entry = byId.get(id);
    return entry && nodeOf.get(entry.key);
  };
  const nodeOutside = (id: ResourceId): string | undefined => {
    if (byId.has(id) || (!outside.has(id) && outside.size >= room)) return undefined;
    const node: TopologyNode = outside.get(id) ?? { type: 'outside', key: `outside ${id}`, id };
    outside.set(id, node);
    return node.key;
  };
  for (const [index, { from, to, type }] of relations.entries()) {
    if (index > 0 && index % PER_TURN === 0) await yieldTurn();
    const start = nodeFor(from);
    if (start === undefined || links.size === MAX_LINKS) continue;
    const end = nodeFor(to) ?? nodeOutside(to);
    if (end !== undefined && end !== start) links.set(`${start}\0${end}\0${type}`, { from: start, to: end, type });
  }
  return { links: [...links.values()], outside: [...outside.values()] };
}
