import { isBuiltInGroup } from '../../resource/index.ts';
import { kindKey } from '../discovery/api-resource.ts';
import { type Condition, conditionsOf, type Fields, fieldsOf, textOf } from '../object/fields.ts';
import { current, failed, type Health, inProgress } from './health.ts';
import { customResourceDefinition, helmRelease, persistentVolumeClaim, podDisruptionBudget, service } from './object-rules.ts';
import { argoRollout, cloneSet } from './rollout-rules.ts';
import { daemonSet, deployment, job, pod, replicaSet, statefulSet } from './workload-rules.ts';

interface Kind {
  readonly group: string;
  readonly kind: string;
}

const RULES: Readonly<Record<string, (object: Fields) => Health>> = {
  '/PersistentVolumeClaim': persistentVolumeClaim,
  '/Pod': pod,
  '/Service': service,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinition,
  'apps/DaemonSet': daemonSet,
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'apps/StatefulSet': statefulSet,
  'apps.kruise.io/CloneSet': cloneSet,
  'apps.kruise.io/DaemonSet': daemonSet,
  'apps.kruise.io/StatefulSet': statefulSet,
  'argoproj.io/Rollout': argoRollout,
  'batch/Job': job,
  'helm.fluxcd.io/HelmRelease': helmRelease,
  'policy/PodDisruptionBudget': podDisruptionBudget,
};

/**
 * The health of an object by the rules of kstatus: first the common ones (deletion, observed generation, the conditions Reconciling and
 * Stalled), then the rule of its kind, then its condition Ready; without any of these it is current. `object` is the complete object from
 * the API server. Deviations from kstatus are documented at the rule.
 */
export function healthOf(kind: Kind, object: Fields): Health {
  const { deletionTimestamp } = fieldsOf(object.metadata);
  if (typeof deletionTimestamp === 'string')
    return { state: 'terminating', message: `it is being deleted since ${deletionTimestamp}` };
  const conditions = conditionsOf(object);
  return staleStatus(object) ?? abnormal(conditions) ?? RULES[kindKey(kind)]?.(object) ?? readyCondition(conditions);
}

/** Whether the status refers to an older spec. */
function staleStatus(object: Fields): Health | undefined {
  const { generation } = fieldsOf(object.metadata);
  const { observedGeneration: observed } = fieldsOf(object.status);
  if (typeof generation !== 'number' || typeof observed !== 'number' || observed === generation) return undefined;
  return inProgress(`its controller has seen generation ${observed}, not yet ${generation}`);
}

/** The conditions defined by kstatus, which are present only in abnormal states. */
function abnormal(conditions: readonly Condition[]): Health | undefined {
  for (const condition of conditions) {
    if (condition.status !== 'True') continue;
    if (condition.type === 'Reconciling') return inProgress(sayOf(condition));
    if (condition.type === 'Stalled') return failed(sayOf(condition));
  }
  return undefined;
}

function readyCondition(conditions: readonly Condition[]): Health {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return !ready || ready.status === 'True' ? current('ready') : inProgress(sayOf(ready));
}

function sayOf({ type, status, reason, message }: Condition): string {
  return [reason, message].filter((text) => text !== '').join(': ') || `${type} is ${status}`;
}

/**
 * Whether an object in Git is current as soon as it exists, so that its status need not be read: kinds of Kubernetes itself without a rule
 * have no condition that means readiness. `manifest` is the object in Git.
 */
export function isCurrentByExisting(kind: Kind, manifest: Fields): boolean {
  if (kindKey(kind) === '/Service') return textOf(fieldsOf(manifest.spec).type) !== 'LoadBalancer';
  return isBuiltInGroup(kind.group) && !Object.hasOwn(RULES, kindKey(kind));
}
