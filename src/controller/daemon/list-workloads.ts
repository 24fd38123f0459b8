import { FluxError } from '../../base/index.ts';
import { hasPolicy, policiesOf } from '../../policy/index.ts';
import type { SourceState, SourceStatus } from '../../repository/index.ts';
import type { ClusterWorkload, Manifest, ResourceId } from '../../resource/index.ts';
import type { Source } from '../ports/source.ts';
import type { ReadOnlyReason, WorkloadStatus } from './daemon.ts';

export interface WorkloadListing {
  readonly running: readonly ClusterWorkload[];
  /** Workloads of the repository's head; empty while it is unreadable. */
  readonly wanted: ReadonlyMap<ResourceId, Manifest>;
  readonly source: SourceState;
  readonly access: Source['access'];
  /** Failures of the last sync, by id. */
  readonly failures: ReadonlyMap<ResourceId, FluxError>;
}

export type ListWorkloads = (listing: WorkloadListing) => readonly WorkloadStatus[];

interface Known<T> extends Pick<WorkloadListing, 'wanted' | 'failures'> {
  readonly status: SourceStatus;
  readonly value: T;
}

/**
 * Lists running workloads with the policies of their manifests (Flux v1: policies come from the file, status from the cluster). Returns
 * the identical listing while its inputs are unchanged, and otherwise identical entries for unchanged workloads, so that derived data can
 * be cached.
 */
export function createWorkloadListing(): ListWorkloads {
  const listings = new WeakMap<readonly ClusterWorkload[], Known<readonly WorkloadStatus[]>>();
  const entries = new WeakMap<ClusterWorkload, WorkloadFacts & { readonly entry: WorkloadStatus }>();

  function entryOf(workload: ClusterWorkload, facts: WorkloadFacts): WorkloadStatus {
    const known = entries.get(workload);
    if (known?.manifest === facts.manifest && known?.readOnly === facts.readOnly && known.syncError === facts.syncError)
      return known.entry;
    const entry = statusOf(workload, facts);
    entries.set(workload, { ...facts, entry });
    return entry;
  }

  return ({ running, wanted, source: { status }, access, failures }) => {
    const known = listings.get(running);
    if (known?.wanted === wanted && known.failures === failures && known.status === status) return known.value;
    const inGit = access === 'read-only' ? 'ReadOnlyMode' : '';
    const value = running.map((workload) => {
      const manifest = wanted.get(workload.id);
      const syncError = failures.get(workload.id)?.message ?? '';
      return entryOf(workload, { manifest, readOnly: manifest ? inGit : whyReadOnly(status), syncError });
    });
    listings.set(running, { wanted, failures, status, value });
    return value;
  };
}

/** The inputs of an entry besides the running workload. */
interface WorkloadFacts {
  readonly manifest: Manifest | undefined;
  readonly readOnly: ReadOnlyReason;
  readonly syncError: string;
}

function statusOf(workload: ClusterWorkload, { manifest, readOnly, syncError }: WorkloadFacts): WorkloadStatus {
  const policies = policiesOf(manifest?.object.metadata.annotations ?? {});
  return {
    id: workload.id,
    containers: workload.containers,
    readOnly,
    status: workload.status,
    rollout: workload.rollout,
    syncError,
    antecedent: workload.antecedent ?? '',
    labels: workload.labels,
    automated: hasPolicy(policies, 'automated'),
    locked: hasPolicy(policies, 'locked'),
    ignore: hasPolicy(policies, 'ignore'),
    policies: Object.fromEntries(policies),
  };
}

function whyReadOnly(status: SourceStatus): ReadOnlyReason {
  if (status === 'unconfigured') return 'NoRepo';
  return status === 'ready' ? 'NotInRepo' : 'NotReady';
}

/** @throws FluxError worded as in Flux v1 if both filters are given. */
export function refuseBothFilters(namespace: string, other: string | undefined, name: 'workload' | 'workloads'): void {
  if (namespace === '' || other === undefined) return;
  throw new FluxError(`cannot filter by 'namespace' and '${name}' at the same time`, {
    code: 'list/two-filters',
    fault: 'user',
    help: 'A workload id includes its namespace; omit one of the two.',
  });
}
