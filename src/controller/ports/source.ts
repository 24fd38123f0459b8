import type { Cancellable } from '../../base/index.ts';
import type {
  AcceptedRevision,
  Commit,
  CommitRequest,
  LineChange,
  LineRange,
  Revision,
  SourceState,
  SyncRecordRequest,
  TreeFile,
  Writers,
} from '../../repository/index.ts';

/** One repository: its URL, branch, paths and identity. The daemon works on a list of these. */
export interface Source {
  /** The URL without its password, as the sync-set name takes it. */
  readonly safeUrl: string;
  /** The URL for people and logs: over http(s) without the user too, which may be a token. */
  readonly shownUrl: string;
  readonly branch: string;
  /** As given by --git-path; empty means the whole repository. */
  readonly paths: readonly string[];
  state(): SourceState;
  /** Updates the mirror (clones it first, or again if it is damaged) and resolves to the accepted revision of the branch. */
  fetch(options?: Cancellable): Promise<AcceptedRevision>;
  /** The accepted revision of the branch as of the last fetch or push. */
  accepted(): AcceptedRevision | undefined;
  /** The revision, if it is the accepted one or in its history, so that it was accepted earlier. */
  acceptedBefore(revision: Revision): Promise<AcceptedRevision | undefined>;
  /** All files of a revision below the paths, links and submodules included. @throws FluxError `git/path-missing`, naming the path. */
  files(revision: Revision, options?: Cancellable): Promise<readonly TreeFile[]>;
  blob(id: string, options?: Cancellable): Promise<Buffer>;
  /** Full revision of an abbreviated or symbolic one, or undefined. */
  resolve(ref: string): Promise<Revision | undefined>;
  /** As resolve, but also of what the remote has besides the branch, which is fetched then. */
  find(ref: string, options?: Cancellable): Promise<Revision | undefined>;
  /** Commits in `from..to` (all of `to` without from) that touch the paths, newest first, at most `limit`. */
  commits(
    range: { readonly from?: Revision | undefined; readonly to: Revision; readonly limit?: number; readonly allPaths?: boolean },
    options?: Cancellable,
  ): Promise<readonly Commit[]>;
  /** The last change of each of these lines, as far as the file has them. */
  blame(range: LineRange, options?: Cancellable): Promise<readonly LineChange[]>;
  /** Where the sync tag of the remote points, or undefined when there is none. */
  syncTag(): Promise<Revision | undefined>;
  /**
   * Commits the edits on `base` without a checkout and pushes branch and notes in one atomic push.
   * @throws FluxError `git/push-raced` when another push came first (fetched already: plan again), `git/no-changes` when the tree stays the same.
   */
  commit(request: CommitRequest, options?: Cancellable): Promise<Revision>;
  /** The commit of a request that failed after its push had begun, if it arrived; pushes its note if that is missing. Call after a fetch. */
  arrived(request: CommitRequest, options?: Cancellable): Promise<Revision | undefined>;
  /** The blob of each note of `refs/notes/<notes-ref>`, by commit. */
  noteBlobs(): Promise<ReadonlyMap<Revision, string>>;
  /** The notes of those of the revisions that have one. */
  notes(revisions: readonly Revision[]): Promise<ReadonlyMap<Revision, string>>;
  /** The record of a sync on `refs/notes/<notes-ref>-sync`, or undefined. */
  syncRecord(revision: Revision): Promise<string | undefined>;
  /** The records of those of the revisions that have one, in the same order, at most `limit`. */
  syncRecords(
    revisions: readonly Revision[],
    limit: number,
    options?: Cancellable,
  ): Promise<readonly { readonly revision: Revision; readonly text: string }[]>;
  /**
   * Moves the sync tag (annotated, `Sync pointer`) to the revision, unless `tag` is false, and, when given, sets its sync record; one
   * atomic push. @throws FluxError `git/revision-removed` when the branch no longer has the revision: a retry cannot succeed.
   */
  recordSync(request: SyncRecordRequest, options?: Cancellable): Promise<void>;
  /** Changes the sync record of a revision, from what is recorded then; undefined leaves it. */
  amendRecord(
    revision: Revision,
    change: (recorded: string | undefined) => string | undefined,
    options?: Cancellable,
  ): Promise<void>;
  /** The writers of the sync tag and of the job notes. */
  writers(options?: Cancellable): Promise<Writers>;
  /** Packs the mirror if that makes it smaller; a fetch or a push interrupts it. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}
