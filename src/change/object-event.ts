import type { Change } from './change.ts';

/** What `kubectl describe` of an object shall show. */
export interface ObjectEvent {
  /** Of the object, as the cluster returned it. */
  readonly change: Change;
  readonly reason:
    | 'SyncApplied'
    | 'SyncFailed'
    | 'DriftCorrected'
    | 'ImageUpdated'
    | 'ImageUpdateWaits'
    | 'ImageUpdateHeld'
    | 'ImageUpdateUnknown'
    | 'DeletionHeld'
    | 'GarbageCollected';
  readonly action: 'Sync' | 'CorrectDrift' | 'UpdateImage' | 'GarbageCollect';
  readonly type: 'Normal' | 'Warning';
  /** Without secrets. */
  readonly note: string;
  readonly revision: string;
}
