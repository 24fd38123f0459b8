import { yieldTurn } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { Entry } from './entries.ts';
import type { Relation } from './relations.ts';

/** From an Ingress over a Service to a workload and what that uses. */
const STEPS = 3;
const MAX_NEIGHBOURS = 100;
/** Relations between two turns of the event loop. */
const PER_TURN = 10_000;

/**
 * An object with what it uses, and what leads to it. A path does not turn round: what else uses the same ConfigMap is not around an object.
 */
export async function neighboursOf(
  id: ResourceId,
  byId: ReadonlyMap<ResourceId, Entry>,
  relations: readonly Relation[],
): Promise<readonly Entry[]> {
  const found = new Set([id]);
  for (const reach of [forwards, backwards]) {
    let edge: ReadonlySet<ResourceId> = new Set([id]);
    for (let steps = 0; steps < STEPS && edge.size > 0; steps += 1) {
      edge = await reached(edge, relations, reach);
      for (const each of edge) if (found.size < MAX_NEIGHBOURS) found.add(each);
    }
  }
  return [...found].flatMap((each) => byId.get(each) ?? []);
}

/** The start and the end of a relation. */
type Reach = (relation: Relation) => readonly [ResourceId, ResourceId];
const forwards: Reach = ({ from, to }) => [from, to];
const backwards: Reach = ({ from, to }) => [to, from];

async function reached(
  edge: ReadonlySet<ResourceId>,
  relations: readonly Relation[],
  reach: Reach,
): Promise<ReadonlySet<ResourceId>> {
  const next = new Set<ResourceId>();
  for (const [index, relation] of relations.entries()) {
    if (index % PER_TURN === PER_TURN - 1) await yieldTurn();
    const [start, end] = reach(relation);
    if (edge.has(start)) next.add(end);
  }
  return next;
}
