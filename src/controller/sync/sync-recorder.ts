import type { Cancellable, Clock } from '../../base/index.ts';
import { createSyncRecord, differsInTrouble, formatSyncRecord, parseSyncRecord, type SyncRecord } from '../../record/index.ts';
import type { AcceptedRevision, Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';
import { recordOf } from './record-of.ts';
import type { SyncOutcome } from './sync-outcome.ts';

/** Records syncs in Git. */
export interface SyncRecorder {
  /**
   * Moves the sync tag and writes the record of the sync, unless they are up to date.
   * @throws FluxError also while the new commits of the sync are unread, so that no record lacks its image updates
   */
  record(outcome: SyncOutcome, options?: Cancellable): Promise<void>;
  /** Records, before any deletion, how many deletions approved by a commit are left. */
  claim(revision: AcceptedRevision, left: number, options?: Cancellable): Promise<void>;
}

export function createSyncRecorder(
  source: Pick<Source, 'syncRecord' | 'recordSync'>,
  daemon: string,
  clock: Pick<Clock, 'now'>,
): SyncRecorder {
  return {
    async claim(revision, left, options = {}) {
      const known = await source.syncRecord(revision);
      const { allowPrune: _, ...before } = (known === undefined ? undefined : parseSyncRecord(known)) ?? nothingDone(revision);
      const record: SyncRecord = { ...before, ...(left > 0 ? { allowPrune: left } : {}) };
      await source.recordSync({ revision, record: formatSyncRecord(record), tag: false }, options);
    },

    async record(outcome, options = {}) {
      const { revision, previous, newCommits } = outcome;
      if (newCommits.state === 'unread') throw newCommits.error;
      const record = recordOf(outcome, daemon);
      // A tag that moves without a record would look as if Flux v1 had set it.
      if (previous === revision && !differsInTrouble(await source.syncRecord(revision), record)) return;
      await source.recordSync({ revision, record: formatSyncRecord(record) }, options);
    },
  };

  /** The record of a sync that has just started. */
  function nothingDone(revision: Revision): SyncRecord {
    return createSyncRecord({
      daemon,
      revision,
      startedAt: clock.now(),
      durationMs: 0,
      counts: {},
      changes: [],
      imageUpdates: [],
    });
  }
}
