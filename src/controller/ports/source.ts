import type { Cancellable } from '../../base/index.ts';
import type {
  AcceptedRevision,
  Commit,
  CommitRequest,
  Lineage,
  LineChange,
  LineRange,
  ProposalBranch,
  ProposalNames,
  ProposalRequest,
  Revision,
  SourceState,
  TreeFile,
  Unverified,
  Writers,
} from '../../repository/index.ts';
import type { SyncRecords } from './sync-records.ts';

/** One repository: its URL, branch, paths and identity, and the records of its syncs. The daemon works on a list of these. */
export interface Source extends SyncRecords {
  /** The URL without its password, as the sync-set name takes it. */
  readonly safeUrl: string;
  /** The URL for people and logs: over http(s) without the user too, which may be a token. */
  readonly shownUrl: string;
  readonly branch: string;
  /** What is followed, for display: the branch, or a tag or commit in words. */
  follows(): string;
  /** `read-only`: nothing is ever pushed. */
  readonly access: 'read-write' | 'read-only';
  /** @throws FluxError `git/read-only`, worded as in Flux v1. */
  requireWritable(): void;
  /** As given by --git-path; empty means the whole repository. */
  readonly paths: readonly string[];
  state(): SourceState;
  /** Updates the mirror (clones it first, or again if it is damaged) and resolves to the accepted revision of the branch.
   * @throws FluxError `git/nothing-accepted` */
  fetch(options?: Cancellable): Promise<AcceptedRevision>;
  /** The accepted revision of the branch as of the last fetch or push. */
  accepted(): AcceptedRevision | undefined;
  /** What of the branch is not accepted. */
  unverified(): Unverified | undefined;
  /** The revision, if it is the accepted one or in its history, so that it was accepted earlier. */
  acceptedBefore(revision: Revision): Promise<AcceptedRevision | undefined>;
  /** All files of a revision below the paths, links and submodules included. @throws FluxError `git/path-missing`, naming the path. */
  files(revision: Revision, options?: Cancellable): Promise<readonly TreeFile[]>;
  /**
   * The same of a revision that is read beside the sync, as far as the mirror has it: nothing is fetched.
   * @throws FluxError `git/revision-missing`, `git/files-not-kept`
   */
  filesAside(revision: Revision, options?: Cancellable): Promise<readonly TreeFile[]>;
  blob(id: string, options?: Cancellable): Promise<Buffer>;
  /** Full revision of an abbreviated or symbolic one, or undefined. */
  resolve(ref: string): Promise<Revision | undefined>;
  /** As resolve, but also of what the remote has besides the branch, which is fetched then. */
  find(ref: string, options?: Cancellable): Promise<Revision | undefined>;
  /** Commits in `from..to` (all of `to` without from) that touch the paths, newest first, at most `limit`. */
  commits(
    range: {
      readonly from?: Revision | undefined;
      readonly to: Revision;
      readonly limit?: number;
      readonly allPaths?: boolean;
      readonly file?: string;
    },
    options?: Cancellable,
  ): Promise<readonly Commit[]>;
  /** How a revision of the branch follows an earlier one. */
  lineage(earlier: Revision, revision: Revision, options?: Cancellable): Promise<Lineage>;
  /** The last change of each of these lines, as far as the file has them. */
  blame(range: LineRange, options?: Cancellable): Promise<readonly LineChange[]>;
  /**
   * Commits the edits on `base` without a checkout and pushes branch and notes in one atomic push.
   * @throws FluxError `git/push-raced` when another push came first (fetched already: plan again), `git/no-changes` when the tree stays the same.
   */
  commit(request: CommitRequest, options?: Cancellable): Promise<Revision>;
  /** The commit of a request that failed after its push had begun, if it arrived; pushes its note if that is missing. Call after a fetch. */
  arrived(request: CommitRequest, options?: Cancellable): Promise<Revision | undefined>;
  /** The branches besides the followed one whose names match, as they are on the remote now, compared with a revision of the followed one. */
  proposals(names: ProposalNames, head: Revision, options?: Cancellable): Promise<readonly ProposalBranch[]>;
  /**
   * Makes such a branch its base and one commit; resolves to its tip, which stays the same if it is that already.
   * @throws FluxError `git/push-raced` when it is not where it was seen.
   */
  propose(request: ProposalRequest, options?: Cancellable): Promise<Revision>;
  /** Deletes such a branch. @throws FluxError `git/push-raced` when it is not where it was seen. */
  withdraw(branch: Pick<ProposalBranch, 'name' | 'tip'>, options?: Cancellable): Promise<void>;
  /** The blob of each note of `refs/notes/<notes-ref>`, by commit. */
  noteBlobs(): Promise<ReadonlyMap<Revision, string>>;
  /** The notes of those of the revisions that have one. */
  notes(revisions: readonly Revision[]): Promise<ReadonlyMap<Revision, string>>;
  /** The writers of the sync tag and of the job notes. */
  writers(options?: Cancellable): Promise<Writers>;
  /** Packs the mirror if that makes it smaller; a fetch or a push interrupts it. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}
