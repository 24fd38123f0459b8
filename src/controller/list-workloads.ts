import { FluxError } from '../base/index.ts';
import { hasPolicy, policiesOf } from '../policy/index.ts';
import type { Manifest, ResourceId } from '../resource/index.ts';
import type { ReadOnlyReason, WorkloadStatus } from './daemon.ts';
import type { Change, ClusterWorkload, SourceState } from './ports.ts';

export interface WorkloadListing {
  readonly running: readonly ClusterWorkload[];
  /** Workloads of the repository's head; empty while it cannot be read. */
  readonly wanted: ReadonlyMap<ResourceId, Manifest>;
  readonly source: SourceState;
  /** Failures of the last sync, by id. */
  readonly failures: ReadonlyMap<ResourceId, Change>;
}

/** Workloads as they run, with the policies of their manifests (Flux v1: policies come from the file, status from the cluster). */
export function listWorkloads({ running, wanted, source, failures }: WorkloadListing): readonly WorkloadStatus[] {
  return running.map((workload) => {
    const manifest = wanted.get(workload.id);
    const policies = policiesOf(manifest?.object.metadata.annotations ?? {});
    return {
      id: workload.id,
      containers: workload.containers,
      readOnly: manifest ? '' : whyReadOnly(source),
      status: workload.status,
      rollout: workload.rollout,
      syncError: failures.get(workload.id)?.error?.message ?? '',
      antecedent: workload.antecedent ?? '',
      labels: workload.labels,
      automated: hasPolicy(policies, 'automated'),
      locked: hasPolicy(policies, 'locked'),
      ignore: hasPolicy(policies, 'ignore'),
      policies: Object.fromEntries(policies),
    };
  });
}

function whyReadOnly({ status }: SourceState): ReadOnlyReason {
  if (status === 'unconfigured') return 'NoRepo';
  return status === 'ready' ? 'NotInRepo' : 'NotReady';
}

/** @throws FluxError with Flux v1's words when both filters are given. */
export function refuseBothFilters(namespace: string, other: string | undefined, name: 'workload' | 'workloads'): void {
  if (namespace === '' || other === undefined) return;
  throw new FluxError(`cannot filter by 'namespace' and '${name}' at the same time`, {
    code: 'list/two-filters',
    fault: 'user',
    help: 'A workload id holds its namespace already; leave one of the two out.',
  });
}
