import type { HealthState } from '../../change/index.ts';
import { healthOf } from '../health/kstatus.ts';
import { type Fields, fieldsOf, numberOf } from '../object/fields.ts';
import type { FluxV1Status } from './flux-v1-status.ts';

/** Flux v1's words for the states of health. */
const WORDS: Readonly<Record<HealthState, string>> = {
  current: 'ready',
  inProgress: 'updating',
  terminating: 'updating',
  failed: 'error',
  unknown: 'unknown',
  missing: 'unknown',
};

/**
 * Status and rollout of a workload of a kind that Flux v1 does not know. Argo Rollouts and OpenKruise count replicas in the fields of a
 * Deployment; kinds without them have none.
 */
export function statusByHealth(kind: { readonly group: string; readonly kind: string }, object: Fields): FluxV1Status {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)];
  const { state, message } = healthOf(kind, object);
  const updated = numberOf(status.updatedReplicas);
  const hasReplicas = spec.replicas !== undefined || status.replicas !== undefined;
  return {
    status: WORDS[state],
    rollout: {
      desired: hasReplicas ? numberOf(spec.replicas, 1) : 0,
      updated,
      ready: numberOf(status.readyReplicas),
      available: numberOf(status.availableReplicas),
      outdated: Math.max(0, numberOf(status.replicas) - updated),
      messages: state === 'failed' ? [message] : [],
    },
  };
}
