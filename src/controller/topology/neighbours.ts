import type { ResourceId } from '../../resource/index.ts';
import type { Adjacency } from './adjacency.ts';
import type { Relation } from './relations.ts';

/** From an Ingress over a Service to a workload and what that uses. */
const STEPS = 3;
const MAX_NEIGHBOURS = 100;

/**
 * The ids of an object, of what it uses, and of what leads to it. A path does not turn round: what else uses the same ConfigMap is not
 * around an object.
 */
export function neighboursOf(id: ResourceId, { from, to }: Adjacency): readonly ResourceId[] {
  const found = new Set([id]);
  const forwards = (each: ResourceId) => (from.get(each) ?? []).map((relation) => relation.to);
  const backwards = (each: ResourceId) => (to.get(each) ?? []).map((relation) => relation.from);
  for (const next of [forwards, backwards]) {
    const seen = new Set([id]);
    let edge: ReadonlySet<ResourceId> = seen;
    for (let steps = 0; steps < STEPS; steps += 1) {
      const reached = new Set<ResourceId>();
      for (const each of edge)
        for (const other of next(each)) {
          if (found.size === MAX_NEIGHBOURS) return [...found];
          if (seen.has(other)) continue;
          reached.add(other);
          found.add(other);
        }
      for (const other of reached) seen.add(other);
      edge = reached;
    }
  }
  return [...found];
}

/** The relations that begin with one of these objects. */
export function relationsFrom(ids: readonly ResourceId[], { from }: Adjacency): readonly Relation[] {
  return ids.flatMap((id) => from.get(id) ?? []);
}
