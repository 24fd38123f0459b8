import { redact } from '../../base/index.ts';
import { type Change, isHeldDeletion, type ObjectEvent } from '../../change/index.ts';
import type { FluxEvent } from '../../record/index.ts';
import { formatPlace, parseResourceId, type ResourceId, WORKLOAD_KINDS } from '../../resource/index.ts';
import type { SyncOutcome } from './sync.ts';

/** Trouble with the API server, not with the object; it could not be written down there either. */
const OF_THE_SERVER = [
  'cluster/unreachable',
  'cluster/unavailable',
  'cluster/timeout',
  'cluster/throttled',
  'cluster/tls',
  'cluster/unauthorized',
  'cluster/stopped',
];

/**
 * What `kubectl describe` shall say of single objects after a sync. What went well is told of workloads alone: nobody describes
 * a ConfigMap to see whether it was deployed, and a first sync has thousands of them.
 */
export function objectEvents({ revision, changes }: SyncOutcome, told: readonly FluxEvent[]): readonly ObjectEvent[] {
  const updates = imageUpdates(told);
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
  if (drift) return { reason: 'DriftCorrected', action: 'CorrectDrift', type: 'Normal', note: redact(`put right: ${reason}`) };
  if (isHeldDeletion(change))
    return {
      reason: 'DeletionHeld',
      action: 'GarbageCollect',
      type: 'Warning',
      note: redact(`gone from Git, and not deleted: ${reason}`),
    };
  if (outcome === 'deleted')
    return { reason: 'GarbageCollected', action: 'GarbageCollect', type: 'Normal', note: 'deleted, because it is gone from Git' };
  if ((outcome === 'created' || outcome === 'configured') && isWorkload(id))
    return {
      reason: 'SyncApplied',
      action: 'Sync',
      type: 'Normal',
      note: `${outcome} from ${formatPlace(place)} at ${revision.slice(0, 7)}`,
    };
  return undefined;
}

/** What releases and automation moved, by workload. */
function imageUpdates(told: readonly FluxEvent[]): ReadonlyMap<ResourceId, string> {
  const updates = new Map<ResourceId, string>();
  for (const { type, metadata } of told) {
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

const KINDS: ReadonlySet<string> = new Set(WORKLOAD_KINDS.map((kind) => kind.toLowerCase()));

function isWorkload(id: ResourceId): boolean {
  return KINDS.has(parseResourceId(id).kind);
}
