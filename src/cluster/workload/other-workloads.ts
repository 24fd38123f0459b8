import { isFluxV1Workload, isWorkload } from '../../resource/index.ts';
import { type ApiResource, kindKey } from '../discovery/api-resource.ts';
import type { SyncSet } from '../plan/sync-set.ts';

type Kinds = ReadonlyMap<string, ApiResource>;

/** The kinds of workloads in Git that Flux v1 does not know, by group and kind. Only those objects of them that Git has are listed. */
export function createOtherWorkloads(sets: () => readonly Pick<SyncSet, 'targets'>[]): () => Kinds {
  const known = new WeakMap<SyncSet['targets'], Kinds>();
  const kindsOf = (targets: SyncSet['targets']): Kinds => {
    const found = known.get(targets);
    if (found) return found;
    const kinds = new Map<string, ApiResource>();
    for (const { target } of targets.values()) {
      const { resource, manifest } = target;
      if (!isFluxV1Workload(resource) && isWorkload(manifest.object)) kinds.set(kindKey(resource), resource);
    }
    known.set(targets, kinds);
    return kinds;
  };
  return () => new Map(sets().flatMap(({ targets }) => [...kindsOf(targets)]));
}
