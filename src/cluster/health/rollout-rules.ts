import { type Fields, fieldsOf, numberOf, textOf } from '../object/fields.ts';
import { current, failed, type Health, inProgress, NOT_OBSERVED } from './health.ts';
import { isObserved } from './workload-rules.ts';

// Workloads of other controllers whose status has no condition Ready, which kstatus would count as current at once.

/** A Rollout of Argo Rollouts, by the phase that its controller writes. A pause at a step goes on, one of the whole Rollout does not. */
export function argoRollout(object: Fields): Health {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)];
  // A number as text.
  if (String(status.observedGeneration) !== String(fieldsOf(object.metadata).generation)) return inProgress(NOT_OBSERVED);
  const message = textOf(status.message);
  switch (textOf(status.phase)) {
    case 'Healthy':
      return current('healthy');
    case 'Degraded':
      return failed(message || 'degraded');
    case 'Paused':
      return spec.paused === true ? current('paused: nothing is rolled out') : inProgress(`paused at a step: ${message}`);
    default:
      return inProgress(message || NOT_OBSERVED);
  }
}

/** A CloneSet of OpenKruise. Pods below its partition are not updated. */
export function cloneSet(object: Fields): Health {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)];
  if (!isObserved(status)) return inProgress(NOT_OBSERVED);
  if (fieldsOf(spec.updateStrategy).paused === true) return current('paused: nothing is rolled out');
  const desired = numberOf(spec.replicas, 1);
  const wanted = numberOf(status.expectedUpdatedReplicas, desired);
  const replicas = numberOf(status.replicas);
  const counts: readonly (readonly [count: number, of: number, word: string])[] = [
    [replicas, desired, 'created'],
    [numberOf(status.updatedReplicas), wanted, 'updated'],
    [numberOf(status.updatedReadyReplicas), wanted, 'updated and ready'],
    [numberOf(status.availableReplicas), desired, 'available'],
  ];
  for (const [count, of, word] of counts) if (count < of) return inProgress(`${count} of ${of} replicas ${word}`);
  if (replicas > desired) return inProgress(`${replicas - desired} replicas to be terminated`);
  return current(`${desired} replicas available`);
}
