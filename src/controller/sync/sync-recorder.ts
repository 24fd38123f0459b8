import type { Cancellable, Clock } from '../../base/index.ts';
import {
  createSyncRecord,
  differsInTrouble,
  formatSyncRecord,
  parseSyncRecord,
  type RecordedHealths,
  type SyncRecord,
  withHealth,
} from '../../record/index.ts';
import type { AcceptedRevision, Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';
import { recordOf } from './record-of.ts';
import type { SyncOutcome } from './sync-outcome.ts';

/** Records syncs. */
export interface SyncRecorder {
  /**
   * Moves the sync marker and writes the record of the sync, unless they are up to date.
   * @throws FluxError also while the new commits of the sync are unread, so that no record lacks its image updates
   */
  record(outcome: SyncOutcome, options?: Cancellable): Promise<void>;
  /** Records, before any deletion, how many deletions approved by a commit are left. */
  claim(revision: AcceptedRevision, left: number, options?: Cancellable): Promise<void>;
  /** Adds the health of workloads to the record of a revision. Resolves to false if there is no record. */
  recordHealth(revision: Revision, health: RecordedHealths, options?: Cancellable): Promise<boolean>;
}

export function createSyncRecorder(
  source: Pick<Source, 'marker' | 'syncRecord' | 'recordSync' | 'amendRecord'>,
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
      const { revision, newCommits } = outcome;
      if (newCommits.state === 'unread') throw newCommits.error;
      const record = recordOf(outcome, daemon);
      // A tag that moves without a record would look as if Flux v1 had set it.
      const isMarked = (await source.marker()) === revision;
      const recorded = isMarked ? await source.syncRecord(revision) : undefined;
      if (isMarked && !differsInTrouble(recorded, record)) return;
      const { health } = (recorded === undefined ? undefined : parseSyncRecord(recorded)) ?? {};
      await source.recordSync({ revision, record: formatSyncRecord(health ? withHealth(record, health) : record) }, options);
    },

    async recordHealth(revision, health, options = {}) {
      let isThere = false;
      const merged = (recorded: string | undefined) => {
        const record = recorded === undefined ? undefined : parseSyncRecord(recorded);
        isThere = record !== undefined;
        return record && formatSyncRecord(withHealth(record, health));
      };
      await source.amendRecord(revision, merged, options);
      return isThere;
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
