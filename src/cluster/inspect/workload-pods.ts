import type { Reading } from '../../base/index.ts';
import type { PodFacts, ReplicaSetFacts } from '../../change/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { Fields } from '../object/fields.ts';
import { newestTemplate } from '../pod/newest-template.ts';
import { podSelectorOf } from '../pod/pod-selector.ts';
import { POD } from '../pod/pod-state.ts';
import { replicaSetFacts } from './live-facts.ts';
import { podFacts } from './pod-facts.ts';
import type { Reads } from './reads.ts';

const MAX_PODS = 20;

export interface WorkloadPods {
  /** Newest first. */
  readonly pods: Reading<readonly PodFacts[]>;
  readonly replicaSet?: Reading<ReplicaSetFacts | undefined>;
}

/** Kinds whose selector is that of their own pods, by API group. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  apps: ['Deployment', 'StatefulSet', 'DaemonSet'],
  'apps.kruise.io': ['CloneSet', 'StatefulSet', 'DaemonSet'],
  'argoproj.io': ['Rollout'],
  batch: ['Job'],
};

export function hasPods({ group, kind }: ApiResource): boolean {
  return KINDS[group]?.includes(kind) ?? false;
}

/** The pods of a workload's newest template: those of an older one say nothing about the rollout. */
export async function workloadPods(
  reads: Reads,
  object: Fields,
  { kind }: ApiResource,
  namespace: string,
): Promise<WorkloadPods> {
  const selector = podSelectorOf(object);
  if (selector === undefined) return { pods: { state: 'read', value: [] } };
  const template = await reads.reading((signal) => newestTemplate(reads.list, { kind, namespace, object, selector }, signal));
  const pods = await podsWith((template.state === 'read' && template.value.pods?.newest) || selector);
  if (kind !== 'Deployment') return { pods };
  if (template.state === 'unread') return { pods, replicaSet: template };
  const { replicaSet } = template.value;
  return { pods, replicaSet: { state: 'read', value: replicaSet && replicaSetFacts(replicaSet) } };

  function podsWith(labelSelector: string): Promise<Reading<readonly PodFacts[]>> {
    return reads.reading(async (signal) => {
      const found = await reads.list(POD, namespace, { labelSelector, limit: String(MAX_PODS) }, signal);
      return found.map(podFacts).toSorted((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
    });
  }
}
