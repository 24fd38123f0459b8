import type { Clock } from '../../base/index.ts';
import { MARK_LABEL } from '../object/ownership.ts';
import type { Inventory } from '../plan/inventory.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import type { Target } from '../scope/scope.ts';
import type { View, Views } from '../watch/views.ts';
import { current, failed, type Health, inProgress, NOT_OBSERVED } from './health.ts';
import { isCurrentByExisting } from './kstatus.ts';
import type { Seen } from './seen.ts';

export interface HealthNowDeps {
  /** The watches of syncs and listings, which have all workloads. */
  readonly views: Pick<Views, 'find'>;
  readonly allowed: Pick<AllowedNamespaces, 'partOf'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** How a workload that was applied is, as far as the watches know it at this moment. */
export function healthNow(
  { resource, namespace, name, key, manifest }: Target,
  inventory: Inventory,
  { views, allowed, clock }: HealthNowDeps,
): Health {
  if (isCurrentByExisting(resource, { ...manifest.object })) return current('it exists');
  const view = views.find(allowed.partOf(resource, namespace, name));
  if (!view) return { state: 'unknown', message: 'its kind is not watched' };
  return healthOfSeen(seenIn(view, namespace, name), inventory.get(key)?.generation, clock.now());
}

/** A workload whose complete object has not arrived yet. */
const NOT_SEEN: Seen = { generation: undefined, health: inProgress(NOT_OBSERVED) };

/** A workload with our mark, in a watch that has the complete objects. */
export function seenIn(view: Pick<View, 'get'>, namespace: string | undefined, name: string): Seen | undefined {
  const kept = view.get(namespace, name);
  return kept?.live.labels?.[MARK_LABEL] === undefined ? undefined : (kept.seen ?? NOT_SEEN);
}

/**
 * How an object is that was seen so.
 * @param applied The generation of its last apply, if its kind has generations; a watch may lag behind and show an older one.
 * @param now Milliseconds since the Unix epoch.
 */
export function healthOfSeen(seen: Seen | undefined, applied: number | undefined, now: number): Health {
  if (!seen) return { state: 'missing', message: 'not in the cluster, or without the label that marks it' };
  if (applied !== undefined && seen.generation !== undefined && seen.generation < applied)
    return inProgress(`generation ${applied} was applied, generation ${seen.generation} is seen`);
  const { failsAt } = seen.health;
  return failsAt !== undefined && failsAt <= now ? failed(seen.health.message) : seen.health;
}
