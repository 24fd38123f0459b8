import type { FluxError } from '../base/index.ts';
import type { Change, ObjectDiff, ObjectEvent, ObjectHealth, Plan, PlanRequest } from '../change/index.ts';
import type { Container, DesiredState, KubeObject, ResourceId } from '../resource/index.ts';

/** A full Git commit id, 40 (or 64) lower-case hex digits. */
export type Revision = string;

/** Passed to everything that can take long. */
export interface Cancellable {
  readonly signal?: AbortSignal;
}

// ---------------------------------------------------------------------------------------------------------------- Git

/** Flux v1's states of the repository, as `fluxctl` shows them. */
export type SourceStatus = 'unconfigured' | 'new' | 'cloned' | 'ready' | 'unreachable';

export interface SourceState {
  readonly status: SourceStatus;
  /** Why it is not ready. */
  readonly error?: FluxError;
}

/** A file of a revision, as `git ls-tree` lists it. */
export interface TreeFile {
  readonly path: string;
  /** Set when the name is not UTF-8: `path` then has `\xNN` for bytes, and names no file. */
  readonly undecodable?: true;
  /** `100644`, `100755`, `120000` (symbolic link) or `160000` (submodule). */
  readonly mode: string;
  /** Blob id; the same content always has the same id, so it keys the parse cache. */
  readonly blob: string;
  /** Bytes. */
  readonly size: number;
}

export interface Commit {
  readonly revision: Revision;
  readonly subject: string;
  readonly author: { readonly name: string; readonly email: string };
  /** Trailers of the message, names in lower case, in order of appearance. */
  readonly trailers: readonly { readonly name: string; readonly value: string }[];
  /** Made by this product: it carries our job trailer and our committer. A person's commit is one for which this is false. */
  readonly ours: boolean;
}

export interface CommitRequest {
  /** The revision the edits were planned on; must still be the head of the branch, else `git/push-raced`. */
  readonly base: Revision;
  readonly edits: readonly { readonly path: string; readonly content: string }[];
  /** Message without skip text and trailers. */
  readonly message: string;
  readonly author?: string;
  /** Written as trailer `Flux-Job-Id`, so that an ambiguous push is recognised and never repeated. */
  readonly jobId: string;
  /** One line of JSON for `refs/notes/<notes-ref>` on the new commit. */
  readonly note: string;
}

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
  recordSync(
    request: { readonly revision: Revision; readonly record?: string; readonly tag?: false },
    options?: Cancellable,
  ): Promise<void>;
  /** Who set the sync tag, and who wrote the job notes. */
  writers(options?: Cancellable): Promise<Writers>;
  /** Makes the mirror smaller, if there is something to gain, and until others want to fetch or push. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

/** Who wrote something in Git. `other`: neither this product nor Flux v1 would have written it so. */
export type Writer = 'fluxd' | 'flux-v1' | 'other';

export interface Writers {
  /** Absent when there is no such tag. */
  readonly syncTag?: {
    readonly name: string;
    readonly revision: Revision;
    readonly by: Writer;
    /** Milliseconds since the epoch; absent for a tag that is not annotated. */
    readonly setAt?: number;
    /** Sync records had been written before this tag was set. */
    readonly afterRecords: boolean;
  };
  /** Job notes by who made the commit that they stand on; `ref` is the full name. */
  readonly jobNotes: { readonly ref: string; readonly fluxd: number; readonly fluxV1: number };
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

/** State of a rollout in Flux v1's terms. */
export interface Rollout {
  readonly desired: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
  readonly outdated: number;
  readonly messages: readonly string[];
}

/** A workload as it runs in the cluster. */
export interface ClusterWorkload {
  readonly id: ResourceId;
  readonly containers: readonly Container[];
  /** `unknown`, `error`, `ready`, `updating` or `started`. */
  readonly status: string;
  readonly rollout: Rollout;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly antecedent?: ResourceId;
}

/** A look at the health of some objects that follows them until it is closed. */
export interface HealthWatch {
  /** How each object is now, in the order asked for. */
  states(): readonly ObjectHealth[];
  /** True while nothing is on its way: every object is current, failed, or nobody may look at it. */
  settled(): boolean;
  close(): void;
}

/** May the holder of a token do this? */
export interface AccessQuestion {
  readonly token: string;
  /** An HTTP method in lower case. */
  readonly verb: string;
  /** As RBAC's `nonResourceURLs` name it. */
  readonly path: string;
}

/** Of `unknown-token` nobody knows whose it is: it is forged, has expired, or is for somebody else. */
export type AccessVerdict =
  | { readonly outcome: 'allowed' | 'forbidden'; readonly user: string }
  | { readonly outcome: 'unknown-token' };

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
  workloads(
    filter: { readonly namespace?: string; readonly ids?: readonly ResourceId[] },
    options?: Cancellable,
  ): Promise<readonly ClusterWorkload[]>;
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

/** What a registry says about one tag. */
export interface ImageInfo {
  readonly tag: string;
  /** Manifest digest served for the tag (of the linux/amd64 image, when the tag is an index). */
  readonly digest?: string;
  /** Digest of the index, when the tag names one: what to pin to, so that every platform finds its image. */
  readonly indexDigest?: string;
  /** Config digest. */
  readonly imageId?: string;
  /** Milliseconds since the epoch; absent when the config has none. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; absent for none. */
  readonly createdNs?: number;
  /** Labels with build times, as RFC 3339 text, that the config carries. */
  readonly labels: Readonly<Record<string, string>>;
  readonly fetchedAt: number;
  /** Why the tag cannot be read (no image for linux/amd64, a manifest that is gone or broken), or why its time cannot; `createdAt` is absent then. */
  readonly error?: FluxError;
}

/** What is known of one image repository. */
export interface ImageRepository {
  readonly tags: readonly string[];
  /** By tag; a tag that is absent has not been asked about, or is about to be asked again. */
  readonly images: ReadonlyMap<string, ImageInfo>;
  /** Time of the last complete tag list, ms since the epoch; absent before the first. */
  readonly scannedAt?: number;
  readonly error?: FluxError;
}

/** An image repository to watch, with the workloads' own credentials for it. */
export interface ImageTarget {
  /** Canonical name, `index.docker.io/library/alpine`. */
  readonly name: string;
  /** Pull secrets are read in the namespace of the workload that names them, never across. */
  readonly pullSecrets: readonly {
    readonly namespace: string;
    readonly secrets: readonly string[];
    readonly serviceAccount: string;
  }[];
  /** Tags whose creation time is needed, because a pattern orders them by time; `undefined` wants none. */
  readonly needsTimes?: (tag: string) => boolean;
  /** Tags that run now: each scan looks whether they were moved. Others are looked at ever more rarely. */
  readonly inUse?: readonly string[];
}

/** When and how an image repository is looked at. Times in ms since the epoch. */
export interface ImageScan {
  /** Canonical name. */
  readonly name: string;
  /** Tags of the last complete list. */
  readonly tags: number;
  /** When that list was read; absent before the first. */
  readonly scannedAt?: number;
  /** When it is looked at next; absent while it is being scanned. */
  readonly nextAt?: number;
  /** Until when the registry host asked to be left alone; absent when it does not now. */
  readonly blockedUntil?: number;
  /** Why the last scan failed. */
  readonly error?: FluxError;
}

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
