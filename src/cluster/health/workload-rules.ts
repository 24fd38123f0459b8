import { conditionsOf, type Fields, fieldsOf, numberOf, recordsOf, textOf } from '../object/fields.ts';
import { current, failed, type Health, inProgress, NOT_OBSERVED } from './health.ts';

// Health by kstatus' rules, for `--wait`. Listings show the status by Flux v1's rules instead (`../workload/flux-v1-status.ts`).

// The controller's value for a Deployment without progressDeadlineSeconds: no deadline.
const NO_DEADLINE = 2 ** 31 - 1;

/** How long a pod may wait for a node before it counts as failed (kstatus). */
const SCHEDULING_MS = 15_000;

export function deployment(object: Fields): Health {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)];
  if (!isObserved(status)) return inProgress(NOT_OBSERVED);
  const conditions = conditionsOf(object);
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded')
    return failed(`progress deadline exceeded${detail(progressing.message)}`);
  // kstatus would wait for ever: the controller does not roll out while the Deployment is paused.
  if (spec.paused === true) return current('paused: nothing is rolled out');

  const failure = conditions.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True');
  const waiting = (message: string) => inProgress(`${message}${detail(failure?.message ?? '')}`);
  const desired = numberOf(spec.replicas, 1);
  const replicas = numberOf(status.replicas);
  const updated = numberOf(status.updatedReplicas);
  const available = numberOf(status.availableReplicas);
  const ready = numberOf(status.readyReplicas);
  if (replicas < desired) return waiting(`${replicas} of ${desired} replicas created`);
  if (updated < desired) return waiting(`${updated} of ${desired} replicas updated`);
  if (replicas > desired) return waiting(`${replicas - desired} old replicas to be terminated`);
  if (available < updated) return waiting(`${available} of ${updated} replicas available`);
  if (ready < desired) return waiting(`${ready} of ${desired} replicas ready`);

  const hasDeadline = numberOf(spec.progressDeadlineSeconds, NO_DEADLINE) < NO_DEADLINE;
  const isRolledOut = progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable';
  if (hasDeadline && !isRolledOut) return waiting('the new ReplicaSet is not available');
  const isAvailable = conditions.some(({ type, status: is }) => type === 'Available' && is === 'True');
  return isAvailable ? current(`${available} replicas available`) : waiting('not available');
}

export function replicaSet(object: Fields): Health {
  const status = fieldsOf(object.status);
  if (!isObserved(status)) return inProgress(NOT_OBSERVED);
  const failure = conditionsOf(object).find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True');
  if (failure) return inProgress(`replicas cannot be created${detail(failure.message)}`);
  const desired = numberOf(fieldsOf(object.spec).replicas, 1);
  const replicas = numberOf(status.replicas);
  const [labelled, available] = [numberOf(status.fullyLabeledReplicas), numberOf(status.availableReplicas)];
  if (labelled < desired) return inProgress(`${labelled} of ${desired} replicas labelled`);
  if (available < desired) return inProgress(`${available} of ${desired} replicas available`);
  if (numberOf(status.readyReplicas) < desired)
    return inProgress(`${numberOf(status.readyReplicas)} of ${desired} replicas ready`);
  if (replicas > desired) return inProgress(`${replicas - desired} replicas to be terminated`);
  return current(`${available} replicas available`);
}

export function statefulSet(object: Fields): Health {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)];
  const { type, rollingUpdate } = fieldsOf(spec.updateStrategy);
  if (type === 'OnDelete') return current('its pods are updated only when they are deleted');
  if (!isObserved(status)) return inProgress(NOT_OBSERVED);
  const desired = numberOf(spec.replicas, 1);
  const replicas = numberOf(status.replicas);
  const [ready, updated] = [numberOf(status.readyReplicas), numberOf(status.updatedReplicas)];
  if (replicas < desired) return inProgress(`${replicas} of ${desired} replicas created`);
  if (ready < desired) return inProgress(`${ready} of ${desired} replicas ready`);
  if (replicas > desired) return inProgress(`${replicas - desired} replicas to be terminated`);
  const partition = numberOf(fieldsOf(rollingUpdate).partition);
  if (partition > 0) {
    // Pods below the partition are not updated; a partition beyond the replicas updates none.
    const wanted = Math.max(0, desired - partition);
    if (updated < wanted) return inProgress(`${updated} of ${wanted} replicas above the partition updated`);
    return current(`${updated} replicas above the partition updated`);
  }
  if (numberOf(status.currentReplicas) < desired && status.currentRevision === status.updateRevision)
    return inProgress(`${numberOf(status.currentReplicas)} of ${desired} replicas at the current revision`);
  if (status.currentRevision !== status.updateRevision) return inProgress(`${updated} of ${desired} replicas updated`);
  return current(`${ready} replicas ready`);
}

export function daemonSet(object: Fields): Health {
  const status = fieldsOf(object.status);
  if (!isObserved(status) || typeof status.desiredNumberScheduled !== 'number') return inProgress(NOT_OBSERVED);
  const desired = status.desiredNumberScheduled;
  const counts: readonly (readonly [string, unknown])[] = [
    ['scheduled', status.currentNumberScheduled],
    ['updated', status.updatedNumberScheduled],
    ['available', status.numberAvailable],
    ['ready', status.numberReady],
  ];
  for (const [word, count] of counts)
    if (numberOf(count) < desired) return inProgress(`${numberOf(count)} of ${desired} pods ${word}`);
  return current(`${desired} pods ready`);
}

export function pod(object: Fields): Health {
  const status = fieldsOf(object.status);
  const conditions = conditionsOf(object);
  switch (status.phase) {
    case 'Succeeded':
      return current('completed');
    case 'Failed':
      // For kstatus it is current, since nothing more will happen. But a failed pod in Git is not a success.
      return failed(`ended without success${detail(textOf(status.message) || textOf(status.reason))}`);
    case 'Running': {
      if (conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return current('ready');
      const looping = waitingContainers(status).filter(({ reason }) => reason === 'CrashLoopBackOff');
      if (looping.length === 0) return inProgress('running, but not ready');
      return failed(looping.map(({ name, message }) => `container ${name} crashes again and again${detail(message)}`).join('; '));
    }
    case 'Pending': {
      const unscheduled = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
      if (unscheduled?.reason === 'Unschedulable') {
        const since = Date.parse(textOf(fieldsOf(object.metadata).creationTimestamp));
        const health = inProgress(`no node can run it${detail(unscheduled.message)}`);
        return Number.isNaN(since) ? health : { ...health, failsAt: since + SCHEDULING_MS };
      }
      const waiting = waitingContainers(status).filter(({ message }) => message !== '');
      return inProgress(`pending${detail(waiting.map(({ name, message }) => `container ${name}: ${message}`).join('; '))}`);
    }
    default:
      return inProgress(NOT_OBSERVED);
  }
}

/** As in kstatus, a job is current once it runs, since its expected duration is unknown. */
export function job(object: Fields): Health {
  const status = fieldsOf(object.status);
  const is = (wanted: string) => conditionsOf(object).find((each) => each.type === wanted && each.status === 'True');
  if (is('Complete')) return current('completed');
  const failure = is('Failed');
  if (failure) return failed(`failed${detail(failure.message)}`);
  if (is('Suspended') || fieldsOf(object.spec).suspend === true) return current('suspended');
  if (textOf(status.startTime) === '') return inProgress('not started');
  return current(`runs: ${numberOf(status.active)} active, ${numberOf(status.succeeded)} succeeded`);
}

/** Stricter than kstatus, which requires this only of DaemonSets: without a status, the counts of an object with 0 replicas would match. */
export function isObserved(status: Fields): boolean {
  return typeof status.observedGeneration === 'number';
}

function waitingContainers(
  status: Fields,
): readonly { readonly name: string; readonly reason: string; readonly message: string }[] {
  return recordsOf(status.containerStatuses).flatMap(({ name, state }) => {
    const { waiting } = fieldsOf(state);
    if (waiting === undefined) return [];
    const { reason, message } = fieldsOf(waiting);
    return [{ name: textOf(name), reason: textOf(reason), message: textOf(message) }];
  });
}

function detail(text: string): string {
  return text === '' ? '' : `: ${text}`;
}
