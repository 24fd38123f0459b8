import type { ResourceId } from '../../resource/index.ts';
import type { Entry } from './entries.ts';
import type { Relation } from './relations.ts';

/** From an Ingress over a Service to a workload and what that uses. */
const STEPS = 3;
const MAX_NEIGHBOURS = 100;

/**
 * An object with what it uses, and what leads to it. A path does not turn round: what else uses the same ConfigMap is not around an object.
 */
export function neighboursOf(
  id: ResourceId,
  byId: ReadonlyMap<ResourceId, Entry>,
  relations: readonly Relation[],
): readonly Entry[] {
  const found = new Set([id]);
  for (const reach of [forwards, backwards]) {
    let edge: ReadonlySet<ResourceId> = new Set([id]);
    for (let steps = 0; steps < STEPS && edge.size > 0; steps += 1) {
      edge = reach(edge, relations);
      for (const each of edge) if (found.size < MAX_NEIGHBOURS) found.add(each);
    }
  }
  return [...found].flatMap((each) => byId.get(each) ?? []);
}

function forwards(from: ReadonlySet<ResourceId>, relations: readonly Relation[]): ReadonlySet<ResourceId> {
  return new Set(relations.flatMap((relation) => (from.has(relation.from) ? relation.to : [])));
}

function backwards(to: ReadonlySet<ResourceId>, relations: readonly Relation[]): ReadonlySet<ResourceId> {
  return new Set(relations.flatMap((relation) => (to.has(relation.to) ? relation.from : [])));
}
