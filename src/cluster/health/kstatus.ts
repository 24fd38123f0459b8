import { kindKey } from '../discovery/api-resource.ts';
import { type Condition, conditionsOf, type Fields, fieldsOf, textOf } from '../object/fields.ts';
import { current, failed, type Health, inProgress } from './health.ts';
import { customResourceDefinition, helmRelease, persistentVolumeClaim, podDisruptionBudget, service } from './object-rules.ts';
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
  'batch/Job': job,
  'helm.fluxcd.io/HelmRelease': helmRelease,
  'policy/PodDisruptionBudget': podDisruptionBudget,
};

/**
 * How an object is, by the rules of kstatus: what every kind has in common first (deletion, observed generation, the conditions
 * Reconciling and Stalled), then the rule of its kind, then its condition Ready; what says none of it is current. `object` is the
 * whole object as the API server gives it. Where a rule differs from kstatus it says so.
 */
export function healthOf(kind: Kind, object: Fields): Health {
  const { deletionTimestamp } = fieldsOf(object.metadata);
  if (typeof deletionTimestamp === 'string')
    return { state: 'terminating', message: `it is being deleted since ${deletionTimestamp}` };
  const conditions = conditionsOf(object);
  return staleStatus(object) ?? abnormal(conditions) ?? RULES[kindKey(kind)]?.(object) ?? readyCondition(conditions);
}

/** The status tells about an older spec. */
function staleStatus(object: Fields): Health | undefined {
  const { generation } = fieldsOf(object.metadata);
  const { observedGeneration: observed } = fieldsOf(object.status);
  if (typeof generation !== 'number' || typeof observed !== 'number' || observed === generation) return undefined;
  return inProgress(`its controller has seen generation ${observed}, not yet ${generation}`);
}

/** The conditions that kstatus defined: present only while something is not normal. */
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

/** Groups of Kubernetes itself. A kind of theirs without a rule has no condition that means readiness. */
const BUILT_IN: ReadonlySet<string> = new Set([
  '',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

/**
 * Whether an object of Git is current as soon as it is there, so that nobody has to look at its status. `manifest` is the object as
 * Git has it.
 */
export function isCurrentByExisting(kind: Kind, manifest: Fields): boolean {
  if (kindKey(kind) === '/Service') return textOf(fieldsOf(manifest.spec).type) !== 'LoadBalancer';
  return BUILT_IN.has(kind.group) && !Object.hasOwn(RULES, kindKey(kind));
}
