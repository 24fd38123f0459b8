import type { FluxError } from '../../base/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { SyncOutcome } from '../sync/sync.ts';

/** What the daemon knows of its own work so far. Lost at a restart and rebuilt by the first sync. */
export class Progress {
  /** The revision that the last sync of this process applied. */
  applied: Revision | undefined;
  /** Why the last sync came to nothing; undefined after one that ran. */
  failure: FluxError | undefined;
  /** A sync whose outcome Git has not taken yet. */
  unrecorded: SyncOutcome | undefined;
  /** Why the last sync could not apply objects, by id. */
  failures: ReadonlyMap<ResourceId, FluxError> = new Map();
  /** Whether the last sync of this process left deletions that a person has to confirm. */
  unconfirmed = false;

  /** What it knew is of no use any more: somebody else works on. */
  forget(): void {
    this.applied = undefined;
    this.failure = undefined;
    this.unrecorded = undefined;
    this.failures = new Map();
    this.unconfirmed = false;
  }

  done(outcome: SyncOutcome): void {
    this.applied = outcome.revision;
    this.failure = undefined;
    this.unconfirmed = outcome.unconfirmed ?? false;
    const failed = outcome.changes.flatMap((change) => (change.outcome === 'failed' ? [[change.id, change.error] as const] : []));
    // Still none is no news to whoever made something of it.
    if (failed.length > 0 || this.failures.size > 0) this.failures = new Map(failed);
  }
}
