import type { FluxError } from '../../base/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { SyncOutcome } from '../sync/sync-outcome.ts';

/** The daemon's state between steps. Lost at a restart and rebuilt by the first sync. */
export class Progress {
  /** Revision of the last sync of this process. */
  applied: Revision | undefined;
  /** Whether that is only the revision that Git records: a later one may have been applied, unrecorded. */
  onlyRecorded = false;
  /** Why the last sync failed as a whole; undefined after one that ran. */
  failure: FluxError | undefined;
  /** Why the head of the branch is not applied now, although nothing failed. */
  waiting: string | undefined;
  /** A sync whose outcome is not recorded in Git yet, and why. */
  unrecorded: { readonly outcome: SyncOutcome; readonly error: FluxError } | undefined;
  /** Revision of the last sync of this process whose record was pushed, or rejected: what the clients of Flux v1 wait for. */
  ended: Revision | undefined;
  /** Apply errors of the last sync, by id. */
  failures: ReadonlyMap<ResourceId, FluxError> = new Map();
  /** Whether the last sync of this process left deletions that need approval. */
  unconfirmed = false;
  /** How many objects each unit rendered in that sync, by its name. */
  units: Readonly<Record<string, number>> = {};
  /** What `kubectl rollout history` is to show of objects that wait for others since that sync. */
  changeCauses: ReadonlyMap<string, string> = new Map();

  /** Drops the state, because another daemon continues. */
  forget(): void {
    this.applied = undefined;
    this.onlyRecorded = false;
    this.failure = undefined;
    this.waiting = undefined;
    this.unrecorded = undefined;
    this.ended = undefined;
    this.failures = new Map();
    this.unconfirmed = false;
    this.units = {};
    this.changeCauses = new Map();
  }

  done(outcome: SyncOutcome): void {
    this.applied = outcome.revision;
    this.onlyRecorded = outcome.onlyRecorded ?? false;
    this.failure = undefined;
    this.unconfirmed = outcome.unconfirmed ?? false;
    this.units = outcome.units ?? {};
    this.changeCauses = outcome.changeCauses ?? new Map();
    const failed = outcome.changes.flatMap((change) => (change.outcome === 'failed' ? [[change.id, change.error] as const] : []));
    // An empty map is kept identical, so that derived data stays valid.
    if (failed.length > 0 || this.failures.size > 0) this.failures = new Map(failed);
  }
}
