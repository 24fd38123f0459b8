import type { Cancellable, FluxError } from '../../base/index.ts';
import type {
  Action,
  Change,
  Deletion,
  HealthState,
  ObjectDiff,
  ObjectHealth,
  Outcome,
  ShownManifest,
} from '../../change/index.ts';
import type { WebPages } from '../../git-host/index.ts';
import type { ImageInfo, ImageScan, RegistryCacheFailure, RegistryHost } from '../../image/index.ts';
import type { EventLog } from '../../record/index.ts';
import type { Commit, Revision, Sandboxes, SourceState, Unverified, Writers } from '../../repository/index.ts';
import type { Container, OwnedInNamespace, Problem, ResourceId, Rollout } from '../../resource/index.ts';
import type { Suspension, UpdateResult, UpdateSpec } from '../../update/index.ts';
import type { Keeping } from '../memory/memory.ts';
import type { ProposedOn } from '../pull-requests/proposed-on.ts';
import type { ObjectDiffQuestion, ObjectDiffReport } from '../repository/object-diff.ts';
import type { HeldDeletions } from '../sync/approvals.ts';
import type { History } from '../sync/history.ts';
import type { ObjectStatesView } from '../sync/object-states.ts';
import type { Relation } from '../topology/relations.ts';
import type { WhyAnswer, WhyQuestion } from '../why/answer.ts';

/** Why a workload cannot be changed through Git; empty if it can (worded as in Flux v1). */
export type ReadOnlyReason = '' | 'NotInRepo' | 'System' | 'NoRepo' | 'NotReady' | 'ReadOnlyMode';

/** A workload for `fluxctl list-workloads`. */
export interface WorkloadStatus {
  readonly id: ResourceId;
  readonly containers: readonly Container[];
  readonly readOnly: ReadOnlyReason;
  readonly status: string;
  readonly rollout: Rollout;
  /** Why its last apply failed, or empty. */
  readonly syncError: string;
  readonly antecedent: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly automated: boolean;
  readonly locked: boolean;
  readonly ignore: boolean;
  /** Policies of the manifest, with names without prefix. */
  readonly policies: Readonly<Record<string, string>>;
}

/** An image with its reference in the workload's form; `ref` is empty if unknown. */
export interface ListedImage {
  readonly ref: string;
  readonly info?: ImageInfo;
  /** Set if a ban keeps automation from it. */
  readonly banned?: true;
}

export interface ContainerImages {
  readonly name: string;
  readonly current: ListedImage;
  readonly latestFiltered: ListedImage;
  /** Newest first by the container's pattern; empty if the repository is unknown. */
  readonly available: readonly ListedImage[];
  readonly availableError: string;
  /** Why automation leaves an image of an automated workload as it is, although it may not be the newest. */
  readonly notUpdated?: string;
  readonly availableCount: number;
  readonly newAvailableCount: number;
  readonly filteredCount: number;
  readonly newFilteredCount: number;
}

/** What automation does with the image of a container in Git. */
export interface ContainerDecision {
  /** The reference in Git. */
  readonly image: string;
  /** The pattern of its tags, as written. */
  readonly pattern: string;
  readonly automated: boolean;
  readonly state: 'current' | 'update' | 'waiting' | 'held' | 'unknown';
  /** The kind of reason: `newest`, `newer`, `window`, `suspended` … */
  readonly code: string;
  /** The reason in words. */
  readonly text: string;
  /** The newest tag that policies allow, if it is newer than the one in Git. */
  readonly newest?: string;
}

/** A container in Git, whose decision is worked out on demand. */
export interface DecidedContainer extends OfSource {
  readonly id: ResourceId;
  readonly container: string;
  decide(): ContainerDecision;
}

export interface WorkloadImages {
  readonly id: ResourceId;
  readonly containers: readonly ContainerImages[];
}

export type JobState = 'queued' | 'running' | 'failed' | 'succeeded';

export interface JobStatus {
  readonly state: JobState;
  /** Why it failed, or empty. */
  readonly error: string;
  /** Set if it failed because there was nothing to change. */
  readonly noChanges?: true;
  readonly revision?: Revision;
  readonly spec?: UpdateSpec;
  readonly result?: UpdateResult;
  /** Where the result is proposed, if it is not committed to the followed branch. */
  readonly pullRequests?: readonly ProposedOn[];
}

/** The name of the source of an entry; absent if the daemon has one. */
export interface OfSource {
  readonly source?: string;
}

/** How to sync. */
export interface SyncRequest {
  readonly overridesWindow?: boolean;
}

/** What a source follows, in words, and the accepted revision. */
export interface Follows extends OfSource {
  readonly name: string;
  readonly revision?: Revision;
}

/** One sync, from queued to done, which `fluxctl sync` waits for and prints. */
export interface SyncReport {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done';
  /** Whether it applies the head of the branch although the window of syncs is closed. */
  readonly overridesWindow?: boolean;
  readonly revision?: Revision;
  /** The revision of the sync tag before. */
  readonly previous?: Revision;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Number of objects by outcome, including unchanged ones. */
  readonly counts: Readonly<Partial<Record<Outcome, number>>>;
  /** Everything but unchanged objects. */
  readonly changes: readonly (Change & OfSource)[];
  /** Refused files and documents. */
  readonly errors: readonly (Problem & OfSource)[];
  readonly warnings: readonly (Problem & OfSource)[];
  /** The syncs that it consists of, if the daemon has several sources. */
  readonly sources?: readonly { readonly name: string; readonly revision?: Revision }[];
  /** Set if the sync failed as a whole: Git or the cluster is unreachable. */
  readonly failure?: FluxError;
  /** Set if the revision is not the head of the branch, which is not verified. */
  readonly unverified?: Unverified;
}

/** The automation of one source. */
export interface AutomationState {
  readonly source: string;
  /** Set while a person has suspended it. */
  readonly suspension?: Suspension;
  /** Whether a restart remembers that, and since when images are known. */
  readonly memory: Keeping;
}

/** A file that a client sends in place of the repository's; its path is only displayed. */
export interface DiffFile {
  readonly path: string;
  readonly content: string;
}

/** The input of a comparison: a revision (the head of the branch by default), or files. */
export type DiffRequest = { readonly revision?: string } | { readonly files: readonly DiffFile[] };

/** The changes that a sync would make now. */
export interface DiffReport {
  /** Absent if files were compared. */
  readonly revision?: Revision;
  /** Number of objects by action, including unchanged ones. */
  readonly counts: Readonly<Partial<Record<Action, number>>>;
  /** Everything but unchanged objects. */
  readonly entries: readonly ObjectDiff[];
  /** Refused files and documents. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** The health of the objects that the last sync applied. */
export interface HealthReport {
  readonly revision: Revision;
  /** True if no object is in progress: each is current, failed, or not accessible. */
  readonly settled: boolean;
  readonly counts: Readonly<Partial<Record<HealthState, number>>>;
  /** All but current objects. */
  readonly objects: readonly ObjectHealth[];
}

export interface GitConfig {
  readonly url: string;
  readonly branch: string;
  readonly paths: readonly string[];
  readonly state: SourceState;
  /** Where its Git host shows it to people; absent if the host is not known. */
  readonly webPages?: WebPages;
  /** OpenSSH line of the deploy key, or empty. */
  readonly publicKey: string;
}

export type NotifiedChange =
  /** From Flux v1's API: a notification for another repository URL also triggers a fetch. */
  | { readonly kind: 'git'; readonly url: string; readonly branch: string }
  /** From a Git host: all URLs of the repository; absent fields are unknown. */
  | { readonly kind: 'push'; readonly urls?: readonly string[]; readonly branch?: string }
  | { readonly kind: 'image'; readonly domain: string; readonly image: string };

/** Commits that changed the file of an object. */
export interface ObjectCommits {
  /** Where it is in the last revision that was read; absent for an object that is not written in a file. */
  readonly place?: { readonly revision: Revision; readonly file: string; readonly line: number };
  readonly commits: readonly Commit[];
  /** Whether there are more. */
  readonly isCut: boolean;
}

/** The daemon's interface to the outside, which the API serves. Errors are FluxErrors. */
export interface Daemon {
  version(): string;
  /** The names of its sources; at least one. */
  readonly sources: readonly string[];
  /** What confines the commands of repositories; undefined if none are run. */
  sandboxes(): Sandboxes | undefined;
  /**
   * The daemon as far as one source is concerned.
   * @throws FluxError `source/unknown`.
   */
  of(source: string): Daemon;
  listWorkloads(filter: { readonly namespace: string; readonly ids: readonly ResourceId[] }): Promise<readonly WorkloadStatus[]>;
  /** `spec` is a resource id or `<all>`. */
  listImages(filter: { readonly namespace: string; readonly spec: string }): Promise<readonly WorkloadImages[]>;
  /** The containers of the workloads in Git, in no order; empty while Git is unreadable. */
  imageDecisions(): Promise<readonly DecidedContainer[]>;
  /** Namespaces and workloads of the cluster, as YAML documents. */
  export(): Promise<string>;
  /**
   * Queues an update (a `plan` runs at once) and resolves to its job id.
   * @throws FluxError `job/queue-full`; for a plan `job/busy`, `job/timeout`.
   */
  update(spec: UpdateSpec, options?: Cancellable): Promise<string>;
  /** @throws FluxError fault `missing` for an unknown job. */
  job(id: string): Promise<JobStatus>;
  /** Commits of `ref` that are not applied yet, newest first. */
  syncStatus(ref: string): Promise<readonly Revision[]>;
  gitConfig(options: { readonly regenerateKey: boolean }): Promise<GitConfig>;
  /**
   * Handles a notification of a change: fetches, or scans an image in use, at most twice a second. Resolves to whether the change
   * concerns us.
   */
  notify(change: NotifiedChange): Promise<boolean>;
  /**
   * Requests a fetch and a sync, even if nothing is new, which verifies drift. With `overridesWindow`, the head of the branch is applied
   * once although the window of syncs is closed.
   * @throws FluxError `sync/window-closed`.
   */
  startSync(options?: SyncRequest): SyncReport;
  /** @throws FluxError fault `missing` for an unknown id. */
  sync(id: string): SyncReport;
  /** Resolves when the sync is done; at once for a finished or unknown one. */
  syncDone(id: string): Promise<void>;
  /**
   * Dry-runs a sync.
   * @throws FluxError `preview/busy` while another one runs, `preview/timeout`, `git/bad-revision`.
   */
  diff(request: DiffRequest, options?: Cancellable): Promise<DiffReport>;
  /** The automation of each source. */
  automation(options?: Cancellable): Promise<readonly AutomationState[]>;
  /**
   * Pauses automation until it is resumed, over restarts.
   * @throws FluxError `memory/not-kept` if a restart would forget it.
   */
  suspendAutomation(who: Omit<Suspension, 'since'>, options?: Cancellable): Promise<readonly AutomationState[]>;
  resumeAutomation(who: Omit<Suspension, 'since'>, options?: Cancellable): Promise<readonly AutomationState[]>;
  heldDeletions(): HeldDeletions;
  /**
   * Approves the list of held deletions with this hash, and requests a sync.
   * @throws FluxError `gc/changed` if it is not the current list.
   */
  approveDeletions(hash: string): SyncReport;
  /**
   * Approves the deletion of these orphans, and requests a sync.
   * @throws FluxError `gc/changed` if one of them is not among the orphans of the last sync.
   */
  deleteOrphans(orphans: readonly Deletion[]): SyncReport;
  /**
   * The health of the objects that the last sync applied. Waits up to the given time for it to settle.
   * @throws FluxError fault `missing` before the first sync.
   */
  health(options: Cancellable & { readonly waitMs: number }): Promise<HealthReport>;
  /** The state of every object of the repository since the last sync, sorted. */
  objects(): ObjectStatesView & {
    readonly follows: readonly Follows[];
    readonly failure?: FluxError;
    readonly unverified?: Unverified;
  };
  /** What the objects of the repositories need of each other, as of the last revision that was read. */
  relations(): Promise<readonly Relation[]>;
  /**
   * What controllers of the cluster have made in a namespace.
   * @throws FluxError `cluster/forbidden` …
   */
  owned(question: { readonly namespace: string; readonly withJobs: boolean }): Promise<OwnedInNamespace>;
  /**
   * The last commits of the file that an object is written in, newest first; none for one that is not in the repository, or is rendered.
   * @throws FluxError `git/bad-revision` …
   */
  objectCommits(id: ResourceId, options?: Cancellable): Promise<ObjectCommits>;
  /**
   * How an object of Git differs between two revisions that were synced, as it may be shown. Nothing is run or decrypted.
   * @throws FluxError as `createObjectDiff` says
   */
  objectDiff(question: ObjectDiffQuestion, options?: Cancellable): Promise<ObjectDiffReport>;
  /** The commit of the last sync; undefined before the first, and where the mirror does not have it any more. */
  syncedCommit(options?: Cancellable): Promise<Commit | undefined>;
  /**
   * Why an object, an image or a file is as it is. What cannot be read is part of the answer.
   * @throws FluxError `why/nothing-found`, `resource/bad-id`.
   */
  why(question: WhyQuestion, options?: Cancellable): Promise<WhyAnswer>;
  /** The manifest of an object of the repository, as it may be shown; undefined for an object that it does not have. */
  manifest(id: ResourceId): Promise<ShownManifest | undefined>;
  /** Recent syncs, newest first, from memory and from the records in Git. */
  history: History['page'];
  /** Who set the sync tag, and who wrote the job notes. */
  writers(options?: Cancellable): Promise<Writers>;
  /** False with `--registry-disable-scanning`. */
  readonly scansImages: boolean;
  /** Every watched image repository, by name. */
  imageScans(): readonly ImageScan[];
  /** The same summed up by registry host, and the requests that each still answers. */
  registryHosts(): readonly RegistryHost[];
  /** Why image metadata is not remembered over restarts; undefined while its cache works, and without one. */
  imageCacheFailure(): RegistryCacheFailure | undefined;
  /** The stream of events. */
  readonly events: Pick<EventLog, 'last' | 'since' | 'listen'>;
  /** Readiness for /readyz: whether the last sync ran and Git is reachable, and if not, why. */
  readiness(): { readonly ready: boolean; readonly reason: string };
  /** For /healthz: one sentence if the loop is stuck and needs a restart, undefined while it makes progress. */
  liveness(): string | undefined;
}
