import type { Cancellable } from '../../base/index.ts';
import type { Revision, SyncRecordRequest } from '../../repository/index.ts';

/**
 * What is recorded of syncs: the *sync marker*, which is the revision of the last one, and a record of each. Both are in Git, or the
 * marker is in a Secret and the records are in memory.
 */
export interface SyncRecords {
  /** Where the marker is, in Flux v1's words: `tag flux-sync`, or `kubernetes flux:secret/flux-git-deploy`. */
  readonly markedIn: string;
  /** Whether records outlast the process. */
  readonly keepsRecords: boolean;
  /** The sync marker; undefined if there is none, or it cannot be read. */
  marker(): Promise<Revision | undefined>;
  /**
   * A later marker in the other place, from before a restart changed the mode. It may be that of another daemon: it shows which commits
   * are not new, and nothing else is done because of it.
   */
  markerElsewhere(): Promise<Revision | undefined>;
  /** The record of a sync, or undefined. */
  syncRecord(revision: Revision): Promise<string | undefined>;
  /** The records of those of the revisions that have one, in the same order, at most `limit`. */
  syncRecords(
    revisions: readonly Revision[],
    limit: number,
    options?: Cancellable,
  ): Promise<readonly { readonly revision: Revision; readonly text: string }[]>;
  /**
   * Moves the sync marker to the revision, unless `tag` is false, and, when given, sets its sync record.
   * @throws FluxError `git/revision-removed` when the branch no longer has the revision: a retry cannot succeed;
   * `git/push-failed` or `marker/refused` when there is no right to it.
   */
  recordSync(request: SyncRecordRequest, options?: Cancellable): Promise<void>;
  /** Changes the sync record of a revision, from what is recorded then; undefined leaves it. */
  amendRecord(
    revision: Revision,
    change: (recorded: string | undefined) => string | undefined,
    options?: Cancellable,
  ): Promise<void>;
}
