import type { Rollout } from '../../resource/index.ts';
import { conditionsOf, type Fields, fieldsOf as fields, numberOf as number } from '../object/fields.ts';

export interface FluxV1Status {
  /** `unknown`, `error`, `ready`, `updating` or `started` (Flux v1's words); for a HelmRelease the phase that its operator wrote. */
  readonly status: string;
  readonly rollout: Rollout;
}

const NOTHING: Rollout = { desired: 0, updated: 0, ready: 0, available: 0, outdated: 0, messages: [] };

/**
 * Status and rollout of a workload in listings, by the rules that Flux v1's clients know. `--wait` follows health instead, by kstatus'
 * rules, which are stricter and cover every kind (`../health`).
 * `object` is the whole object as the API server gives it.
 */
export function fluxV1Status(kind: string, object: Fields): FluxV1Status {
  const spec = fields(object.spec);
  const status = fields(object.status);
  switch (kind) {
    case 'Deployment':
      return deploymentRollout(object, spec, status);
    case 'DaemonSet':
      return daemonSetRollout(status, started(object, status));
    case 'StatefulSet':
      return statefulSetRollout(spec, status, started(object, status));
    case 'CronJob':
      return { status: 'ready', rollout: NOTHING };
    case 'HelmRelease':
      return { status: typeof status.releaseStatus === 'string' ? status.releaseStatus : '', rollout: NOTHING };
    default:
      return { status: 'unknown', rollout: NOTHING };
  }
}

/** The controller has not looked at the newest spec yet. */
function started(object: Fields, status: Fields): boolean {
  return number(status.observedGeneration) < number(fields(object.metadata).generation);
}

function deploymentRollout(object: Fields, spec: Fields, status: Fields): FluxV1Status {
  const rollout: Rollout = {
    desired: number(spec.replicas, 1),
    updated: number(status.updatedReplicas),
    ready: number(status.readyReplicas),
    available: number(status.availableReplicas),
    outdated: number(status.replicas) - number(status.updatedReplicas),
    messages: conditionsOf(object)
      .filter(
        ({ type, status: is }) => (type === 'Progressing' && is === 'False') || (type === 'ReplicaFailure' && is === 'True'),
      )
      .map(({ message }) => message),
  };
  if (started(object, status)) return { status: 'started', rollout };
  if (rollout.messages.length > 0) return { status: 'error', rollout };
  return { status: settled(rollout) ? 'ready' : 'updating', rollout };
}

function daemonSetRollout(status: Fields, isStarted: boolean): FluxV1Status {
  const rollout: Rollout = {
    desired: number(status.desiredNumberScheduled),
    updated: number(status.updatedNumberScheduled),
    ready: number(status.numberReady),
    available: number(status.numberAvailable),
    outdated: number(status.currentNumberScheduled) - number(status.updatedNumberScheduled),
    messages: [],
  };
  return { status: isStarted ? 'started' : settled(rollout) ? 'ready' : 'updating', rollout };
}

function statefulSetRollout(spec: Fields, status: Fields, isStarted: boolean): FluxV1Status {
  const replicas = number(spec.replicas, 1);
  const partition = number(fields(fields(spec.updateStrategy).rollingUpdate).partition);
  const desired = Math.max(0, replicas - partition);
  // With both revisions equal nothing is being rolled out, and the controller counts the pods as current ones.
  const updated =
    status.currentRevision === status.updateRevision ? number(status.currentReplicas) : number(status.updatedReplicas);
  const ready = number(status.readyReplicas);
  const rollout: Rollout = { desired, updated, ready, available: ready, outdated: desired - updated, messages: [] };
  const done = rollout.updated === desired && ready === replicas && rollout.outdated === 0;
  return { status: isStarted ? 'started' : done ? 'ready' : 'updating', rollout };
}

function settled({ desired, updated, available, outdated }: Rollout): boolean {
  return updated === desired && available === desired && outdated === 0;
}
