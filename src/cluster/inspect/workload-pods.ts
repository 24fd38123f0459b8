import type { Reading } from '../../base/index.ts';
import type { PodFacts, ReplicaSetFacts } from '../../change/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { type Fields, fieldsOf, recordsOf, textOf } from '../object/fields.ts';
import { podSelectorOf } from '../pod/pod-selector.ts';
import { replicaSetFacts } from './live-facts.ts';
import { podFacts } from './pod-facts.ts';
import { builtIn, type Reads } from './reads.ts';

const POD = builtIn('Pod', 'pods');
const REPLICA_SET = builtIn('ReplicaSet', 'replicasets', 'apps');
const MAX_PODS = 20;
const MAX_REPLICA_SETS = 20;

export interface WorkloadPods {
  /** Newest first. */
  readonly pods: Reading<readonly PodFacts[]>;
  readonly replicaSet?: Reading<ReplicaSetFacts | undefined>;
}

/** Kinds whose selector is that of their own pods. */
export function hasPods({ group, kind }: ApiResource): boolean {
  return (group === 'apps' && ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind)) || (group === 'batch' && kind === 'Job');
}

/** The pods of a workload's newest template: those of an older one say nothing about the rollout. */
export async function workloadPods(
  reads: Reads,
  workload: Fields,
  { kind }: ApiResource,
  namespace: string,
): Promise<WorkloadPods> {
  const selector = podSelectorOf(workload);
  if (selector === undefined) return { pods: { state: 'read', value: [] } };
  if (kind !== 'Deployment') {
    const revision = textOf(fieldsOf(workload.status).updateRevision);
    return { pods: await podsWith(revision === '' ? selector : `${selector},controller-revision-hash=${revision}`) };
  }
  const newest = await reads.reading((signal) => newestReplicaSet(reads, workload, selector, namespace, signal));
  if (newest.state === 'unread') return { pods: await podsWith(selector), replicaSet: newest };
  const { hash, facts } = newest.value ?? {};
  const pods = await podsWith(hash === undefined ? selector : `${selector},pod-template-hash=${hash}`);
  return { pods, replicaSet: { state: 'read', value: facts } };

  function podsWith(labelSelector: string): Promise<Reading<readonly PodFacts[]>> {
    return reads.reading(async (signal) => {
      const found = await reads.list(POD, namespace, { labelSelector, limit: String(MAX_PODS) }, signal);
      return found.map(podFacts).toSorted((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
    });
  }
}

async function newestReplicaSet(reads: Reads, deployment: Fields, selector: string, namespace: string, signal: AbortSignal) {
  const { uid } = fieldsOf(deployment.metadata);
  const query = { labelSelector: selector, limit: String(MAX_REPLICA_SETS) };
  const own = (await reads.list(REPLICA_SET, namespace, query, signal)).filter(({ metadata }) =>
    recordsOf(fieldsOf(metadata).ownerReferences).some((owner) => owner.uid === uid),
  );
  const [newest] = own.toSorted((a, b) => revisionOf(b) - revisionOf(a) || createdAt(b).localeCompare(createdAt(a)));
  if (!newest) return undefined;
  const hash = textOf(fieldsOf(fieldsOf(newest.metadata).labels)['pod-template-hash']);
  return { facts: replicaSetFacts(newest), ...(hash === '' ? {} : { hash }) };
}

function revisionOf({ metadata }: Fields): number {
  return Number(textOf(fieldsOf(fieldsOf(metadata).annotations)['deployment.kubernetes.io/revision'])) || 0;
}

function createdAt({ metadata }: Fields): string {
  return textOf(fieldsOf(metadata).creationTimestamp);
}
