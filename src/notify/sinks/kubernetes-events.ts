import { redact } from '../../base/index.ts';
import { type Change, isHeldDeletion, type ObjectEvent } from '../../change/index.ts';
import type { FluxEvent } from '../../record/index.ts';
import { FLUX_V1_WORKLOADS, formatPlace, parseResourceId, type ResourceId } from '../../resource/index.ts';
import type { Notification, Sink } from '../notification.ts';

/** Errors of the API server rather than of the object, during which Events could not be written either. */
const OF_THE_SERVER = [
  'cluster/unreachable',
  'cluster/unavailable',
  'cluster/timeout',
  'cluster/throttled',
  'cluster/tls',
  'cluster/unauthorized',
  'cluster/stopped',
];

/** Events about the objects of a sync, which the cluster writes in the background, for `kubectl describe`. */
export function kubernetesEvents(cluster: { readonly recordEvents: (events: readonly ObjectEvent[]) => void }): Sink {
  return {
    name: 'Kubernetes Events',
    receive({ events, sync }) {
      if (sync) cluster.recordEvents(objectEvents(sync, events));
    },
  };
}

/** Successes are reported only for Flux v1's workloads: for a ConfigMap they are of no interest, and a first sync has thousands of them. */
function objectEvents(
  { revision, changes }: NonNullable<Notification['sync']>,
  events: readonly FluxEvent[],
): readonly ObjectEvent[] {
  const updates = imageUpdates(events);
  return changes.flatMap((change): readonly ObjectEvent[] => {
    const image = updates.get(change.id);
    const event = eventOf(change, revision);
    return [
      ...(event ? [{ change, revision, ...event }] : []),
      ...(image === undefined || !change.inGit
        ? []
        : [{ change, revision, reason: 'ImageUpdated', action: 'UpdateImage', type: 'Normal', note: image } as const]),
    ];
  });
}

function eventOf(change: Change, revision: string): Omit<ObjectEvent, 'change' | 'revision'> | undefined {
  const { id, outcome, place, drift, reason = '', error } = change;
  if (outcome === 'failed') {
    if (OF_THE_SERVER.includes(error.code)) return undefined;
    return { reason: 'SyncFailed', action: 'Sync', type: 'Warning', note: redact(error.message) };
  }
  if (drift) return { reason: 'DriftCorrected', action: 'CorrectDrift', type: 'Normal', note: redact(`corrected: ${reason}`) };
  if (isHeldDeletion(change))
    return {
      reason: 'DeletionHeld',
      action: 'GarbageCollect',
      type: 'Warning',
      note: redact(`removed from Git, but not deleted: ${reason}`),
    };
  if (outcome === 'deleted')
    return {
      reason: 'GarbageCollected',
      action: 'GarbageCollect',
      type: 'Normal',
      note: 'deleted, because it was removed from Git',
    };
  if ((outcome === 'created' || outcome === 'configured') && isWorkload(id))
    return {
      reason: 'SyncApplied',
      action: 'Sync',
      type: 'Normal',
      note: `${outcome} from ${formatPlace(place)} at ${revision.slice(0, 7)}`,
    };
  return undefined;
}

/** Image updates by releases and automation, by workload. */
function imageUpdates(events: readonly FluxEvent[]): ReadonlyMap<ResourceId, string> {
  const updates = new Map<ResourceId, string>();
  for (const { type, metadata } of events) {
    if (type !== 'release' && type !== 'autorelease') continue;
    const who =
      type === 'autorelease'
        ? 'by automation'
        : metadata.cause.User === ''
          ? 'by a release'
          : `by a release of ${metadata.cause.User}`;
    for (const [id, { Status, PerContainer }] of Object.entries(metadata.result)) {
      if (Status !== 'success' || !PerContainer || PerContainer.length === 0) continue;
      const moved = PerContainer.map(({ Container, Current, Target }) => `${Container}: ${Current} → ${Target}`);
      updates.set(id, redact(`${moved.join(', ')} (${who}, commit ${metadata.Revision.slice(0, 7)})`));
    }
  }
  return updates;
}

const KINDS: ReadonlySet<string> = new Set(FLUX_V1_WORKLOADS.map((kind) => kind.toLowerCase()));

function isWorkload(id: ResourceId): boolean {
  return KINDS.has(parseResourceId(id).kind);
}
