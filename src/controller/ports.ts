import type { Cancellable, FluxError } from '../base/index.ts';
import type { Change, ObjectDiff, ObjectEvent, ObjectHealth, Plan, PlanRequest } from '../change/index.ts';
import type { ImageRepository, ImageScan, ImageTarget } from '../image/index.ts';
import type { Commit, CommitRequest, Revision, SourceState, SyncRecordRequest, TreeFile, Writers } from '../repository/index.ts';
import type {
  AccessQuestion,
  AccessVerdict,
  ClusterWorkload,
  DesiredState,
  KubeObject,
  ResourceId,
  WorkloadFilter,
} from '../resource/index.ts';

// ---------------------------------------------------------------------------------------------------------------- Git

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
  /** Brings the mirror up to date (cloning, or building it anew when it is broken) and resolves to the head of the branch. */
  fetch(options?: Cancellable): Promise<Revision>;
  /** Head of the branch as of the last fetch. */
  head(): Revision | undefined;
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
  /** Where the sync tag of the remote points, or undefined when there is none. */
  syncTag(): Promise<Revision | undefined>;
  /**
   * Commits the edits on `base` without a checkout and pushes branch and notes in one atomic push.
   * @throws FluxError `git/push-raced` when somebody else pushed first (fetched already: plan again), `git/no-changes` when the tree stays the same.
   */
  commit(request: CommitRequest, options?: Cancellable): Promise<Revision>;
  /**
   * The commit of a request that failed after its push had begun, if it did arrive; its note is seen to. To be asked after a fetch.
   */
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
   * atomic push. @throws FluxError `git/revision-removed` when the revision is in the branch no longer: nothing brings it back there.
   */
  recordSync(request: SyncRecordRequest, options?: Cancellable): Promise<void>;
  /** Who set the sync tag, and who wrote the job notes. */
  writers(options?: Cancellable): Promise<Writers>;
  /** Makes the mirror smaller, if there is something to gain, and until others want to fetch or push. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

// ------------------------------------------------------------------------------------------------------------ Desired

export interface Desired {
  /**
   * Reads the manifests among the files. Never throws for what a file holds; only when blobs cannot be had. With `keep` false
   * nothing that is parsed is kept for the next read.
   */
  read(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable & { readonly keep?: boolean },
  ): Promise<DesiredState>;
}

// ------------------------------------------------------------------------------------------------------------ Cluster

/** A look at the health of some objects that follows them until it is closed. */
export interface HealthWatch {
  /** How each object is now, in the order asked for. */
  states(): readonly ObjectHealth[];
  /** True while nothing is on its way: every object is current, failed, or nobody may look at it. */
  settled(): boolean;
  close(): void;
}

export interface Cluster {
  /** Compares desired with live state by metadata alone; sends no write. Per-object trouble is in the plan, not thrown. */
  plan(request: PlanRequest, options?: Cancellable): Promise<Plan>;
  /** Carries out a plan made by this cluster: server-side apply in stages, then deletions. One change an entry. `onProgress` is called at each answer. */
  apply(plan: Plan, options?: Cancellable & { readonly onProgress?: () => void }): Promise<readonly Change[]>;
  /** Has Kubernetes Events written about objects, in the background; what cannot be written is told once. */
  tell(events: readonly ObjectEvent[]): void;
  /** Sets who is called when an applied object was changed or deleted by somebody else, and a sync would put it right; and when a watch is lost, so that a sync finds out why. */
  onDrift(listener: () => void): void;
  /**
   * Tries out a plan made by this cluster by server-side dry runs: one read and one dry run for each object that would be created or
   * changed, none for others. One entry for each of the plan, in the same order; writes nothing.
   * @throws FluxError when the server cannot be asked at all.
   */
  diff(plan: Plan, options?: Cancellable): Promise<readonly ObjectDiff[]>;
  /**
   * Follows the health of what these changes, all of them returned by `apply`, left in the cluster (not of what was skipped, held,
   * deleted or failed). One list and one watch for each kind whose status has to be read; `onChange` is called when something may
   * have changed.
   */
  watchHealth(changes: readonly Change[], onChange: () => void): HealthWatch;
  /** Workloads of a namespace, or of all; add-ons of kube-system left out as in Flux v1. The same array as before while nothing has changed. */
  workloads(filter: WorkloadFilter, options?: Cancellable): Promise<readonly ClusterWorkload[]>;
  /** The namespace that a namespaced manifest without one goes to. */
  readonly defaultNamespace: string;
  /**
   * Whether the holder of a token has a right, by the API server's own word.
   * @throws FluxError when it cannot be asked.
   */
  reviewAccess(question: AccessQuestion, options?: Cancellable): Promise<AccessVerdict>;
  /** What `fluxctl save` saves: each namespace with its workloads, whole. */
  exportObjects(options?: Cancellable): Promise<readonly KubeObject[]>;
  /** Full id of a manifest after namespace defaulting, or undefined while its kind is unknown. */
  idOf(object: KubeObject): ResourceId | undefined;
  /** The same value for as long as `idOf` answers the same. */
  namesBy(): object;
  /** An object of the core group, for pull secrets and service accounts; undefined when absent or forbidden. */
  readCore(
    kind: 'Secret' | 'ServiceAccount',
    namespace: string,
    name: string,
    options?: Cancellable,
  ): Promise<KubeObject | undefined>;
  /** `v1.34.4`. @throws FluxError `cluster/unreachable`. */
  version(options?: Cancellable): Promise<string>;
  close(): void;
}

// ---------------------------------------------------------------------------------------------------------- Leadership

/** Called as an election goes on. */
export interface ElectionHandlers {
  /** This daemon may write until the term aborts. `afterAnother`: somebody else may have written just before. */
  onLead(term: AbortSignal, news: { readonly afterAnother: boolean }): void;
  /** Somebody else may write. */
  onFollow(leader: string): void;
  /** This one may not write, and nobody can say who may. */
  onTrouble(error: FluxError): void;
}

/** Takes part in the election of the daemon that writes, until the signal aborts; resolves when what it held is given up. */
export type TakePart = (handlers: ElectionHandlers, signal: AbortSignal) => Promise<void>;

// ------------------------------------------------------------------------------------------------------------- Images

export interface ImageWatch {
  /** Replaces the set of watched repositories; unknown ones are scanned at once. */
  watch(targets: readonly ImageTarget[]): void;
  /** What is known by canonical name; undefined when it is not watched or not scanned yet. */
  repository(name: string): ImageRepository | undefined;
  /** Every watched repository, by name: when and how it is looked at. */
  scans(): readonly ImageScan[];
  /** Scans one repository before its turn, or all; resolves when done. Unknown names do nothing. */
  scanNow(name?: string, options?: Cancellable): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}
