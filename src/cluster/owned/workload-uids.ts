import type { ResourceId } from '../../resource/index.ts';
import type { SyncSet } from '../plan/sync-set.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import type { Views } from '../watch/views.ts';

export interface WorkloadUidsDeps {
  readonly sets: readonly Pick<SyncSet, 'targets'>[];
  /** The watches of syncs and listings, which have all workloads. */
  readonly views: Pick<Views, 'find'>;
  readonly allowed: Pick<AllowedNamespaces, 'partOf'>;
}

/** The uids of the workloads of a namespace that are in Git, as far as watches have them. */
export function workloadUids(of: string, { sets, views, allowed }: WorkloadUidsDeps): ReadonlyMap<ResourceId, string> {
  const uids = new Map<ResourceId, string>();
  for (const { targets } of sets)
    for (const { target } of targets.values()) {
      const { id, resource, namespace, name } = target;
      if (namespace !== of) continue;
      const uid = views.find(allowed.partOf(resource, namespace, name))?.get(namespace, name)?.live.uid;
      if (uid !== undefined && uid !== '') uids.set(id, uid);
    }
  return uids;
}
