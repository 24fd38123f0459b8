import type { HealthState } from '../../change/index.ts';

/** How an object is, in the words of kstatus (Kubernetes, sigs.k8s.io/cli-utils). */
export interface Health {
  readonly state: HealthState;
  /** One line; why, when it is not current. */
  readonly message: string;
  /** Set until it is read for the first time. */
  readonly unread?: true;
  /** When nothing happens until then, ms since the epoch, it has failed. */
  readonly failsAt?: number;
}

/** Of an object without a status for its newest spec. */
export const NOT_OBSERVED = 'its controller has not looked at it yet';

export function current(message: string): Health {
  return { state: 'current', message };
}

export function inProgress(message: string): Health {
  return { state: 'inProgress', message };
}

export function failed(message: string): Health {
  return { state: 'failed', message };
}
