import type { ResourceId } from '../resource/index.ts';
import { countBy } from './count-by.ts';

/**
 * How an object is, in the words of kstatus (Kubernetes, sigs.k8s.io/cli-utils). `current`: as its manifest says, and nothing is in
 * progress. `failed`: its controller gave up, or only a change will help. `missing`: not in the cluster. `unknown`: the daemon may not
 * look at it.
 */
export type HealthState = 'current' | 'inProgress' | 'failed' | 'terminating' | 'missing' | 'unknown';

/** How one object is. */
export interface ObjectHealth {
  readonly id: ResourceId;
  readonly state: HealthState;
  /** One line; why, when it is not current. */
  readonly message: string;
  /** Set until it is read from the cluster for the first time. */
  readonly unread?: true;
}

/** How many objects are in each state. */
export function countStates(objects: readonly ObjectHealth[]): Partial<Record<HealthState, number>> {
  return countBy(objects, ({ state }) => state);
}
