import type { Cancellable, FluxError } from '../../base/index.ts';
import type { Action, Change, Deletion, HealthState, ObjectDiff, ObjectHealth, Outcome } from '../../change/index.ts';
import type { ImageInfo, ImageScan } from '../../image/index.ts';
import type { EventLog } from '../../record/index.ts';
import type { Revision, SourceState, Writers } from '../../repository/index.ts';
import type { Container, Problem, ResourceId, Rollout } from '../../resource/index.ts';
import type { UpdateResult, UpdateSpec } from '../../update/index.ts';
import type { HeldDeletions } from '../sync/approvals.ts';
import type { History } from '../sync/history.ts';
import type { ObjectStatesView } from '../sync/object-states.ts';

/** Why a workload cannot be changed through Git; empty when it can (Flux v1's words). */
export type ReadOnlyReason = '' | 'NotInRepo' | 'System' | 'NoRepo' | 'NotReady' | 'ReadOnlyMode';

/** A workload as `fluxctl list-workloads` shows it. */
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
  /** Policies of the manifest, names without prefix. */
  readonly policies: Readonly<Record<string, string>>;
}

/** An image with its reference in the form the workload writes it; `ref` is empty when nothing is known of it. */
export interface ListedImage {
  readonly ref: string;
  readonly info?: ImageInfo;
}

export interface ContainerImages {
  readonly name: string;
  readonly current: ListedImage;
  readonly latestFiltered: ListedImage;
  /** Newest first by the container's pattern; empty when the repository is unknown. */
  readonly available: readonly ListedImage[];
  readonly availableError: string;
  readonly availableCount: number;
  readonly newAvailableCount: number;
  readonly filteredCount: number;
  readonly newFilteredCount: number;
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
  readonly revision?: Revision;
  readonly spec?: UpdateSpec;
  readonly result?: UpdateResult;
}

/** One sync, from asked-for to done; what `fluxctl sync` waits for and prints. */
export interface SyncReport {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done';
  readonly revision?: Revision;
  /** Where the sync tag stood before. */
  readonly previous?: Revision;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Objects by outcome, unchanged ones included. */
  readonly counts: Readonly<Partial<Record<Outcome, number>>>;
  /** Everything but unchanged objects. */
  readonly changes: readonly Change[];
  /** Refused files and documents. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Set when the sync could not be carried out at all: Git unreachable, cluster unreachable. */
  readonly failure?: FluxError;
}

/** A file that a client sends in place of those of the repository; its path is only shown. */
export interface DiffFile {
  readonly path: string;
  readonly content: string;
}

/** What to compare with the cluster: a revision (the head of the branch by default), or files. */
export type DiffRequest = { readonly revision?: string } | { readonly files: readonly DiffFile[] };

/** What a sync would do now. */
export interface DiffReport {
  /** Absent where files were compared. */
  readonly revision?: Revision;
  /** Objects by action, unchanged ones included. */
  readonly counts: Readonly<Partial<Record<Action, number>>>;
  /** Everything but unchanged objects. */
  readonly entries: readonly ObjectDiff[];
  /** Refused files and documents. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** How the objects that the last sync applied are. */
export interface HealthReport {
  readonly revision: Revision;
  /** Nothing is on its way any more: every object is current, or failed, or nobody may look at it. */
  readonly settled: boolean;
  readonly counts: Readonly<Partial<Record<HealthState, number>>>;
  /** Everything but current objects. */
  readonly objects: readonly ObjectHealth[];
}

export interface GitConfig {
  readonly url: string;
  readonly branch: string;
  readonly paths: readonly string[];
  readonly state: SourceState;
  /** OpenSSH line of the deploy key, or empty. */
  readonly publicKey: string;
}

export type NotifiedChange =
  /** As Flux v1's API tells it: also one of a repository of another name leads to a fetch. */
  | { readonly kind: 'git'; readonly url: string; readonly branch: string }
  /** As a Git host tells it: all the URLs of the repository; what is absent was not said. */
  | { readonly kind: 'push'; readonly urls?: readonly string[]; readonly branch?: string }
  | { readonly kind: 'image'; readonly domain: string; readonly image: string };

/** Everything the outside can ask of the daemon; the API serves it and nothing else. Errors are FluxErrors. */
export interface Daemon {
  version(): string;
  listWorkloads(filter: { readonly namespace: string; readonly ids: readonly ResourceId[] }): Promise<readonly WorkloadStatus[]>;
  /** `spec` is a resource id or `<all>`. */
  listImages(filter: { readonly namespace: string; readonly spec: string }): Promise<readonly WorkloadImages[]>;
  /** Namespaces and workloads of the cluster, as YAML documents. */
  export(): Promise<string>;
  /**
   * Queues an update (a `plan` is calculated at once) and resolves to its job id.
   * @throws FluxError `job/queue-full`; of a plan `job/busy`, `job/timeout`.
   */
  update(spec: UpdateSpec, options?: Cancellable): Promise<string>;
  /** @throws FluxError fault `missing` for an unknown job. */
  job(id: string): Promise<JobStatus>;
  /** Commits of `ref` that are not applied yet, newest first. */
  syncStatus(ref: string): Promise<readonly Revision[]>;
  gitConfig(options: { readonly regenerateKey: boolean }): Promise<GitConfig>;
  /**
   * Has looked at what changed elsewhere: a fetch, or a scan of an image that is in use. Told at any rate, it looks twice a second
   * at most. Resolves to whether the change concerns us.
   */
  notify(change: NotifiedChange): Promise<boolean>;
  /** Asks for a fetch and a sync of what it finds, also when nothing is new (drift is verified then). */
  startSync(): SyncReport;
  /** @throws FluxError fault `missing` for an unknown id. */
  sync(id: string): SyncReport;
  /** Resolves when the sync is done; at once for one that is, or that nobody knows. */
  syncDone(id: string): Promise<void>;
  /**
   * Tries out what a sync would do, without doing it.
   * @throws FluxError `preview/busy` while another one runs, `preview/timeout`, `git/bad-revision`.
   */
  diff(request: DiffRequest, options?: Cancellable): Promise<DiffReport>;
  heldDeletions(): HeldDeletions;
  /**
   * Approves the list of held deletions with this hash, and asks for a sync.
   * @throws FluxError `gc/changed` when it is not the list that is held now.
   */
  approveDeletions(hash: string): SyncReport;
  /**
   * Approves the deletion of these orphans, and asks for a sync.
   * @throws FluxError `gc/changed` when one of them is not among the orphans that the last sync saw.
   */
  deleteOrphans(orphans: readonly Deletion[]): SyncReport;
  /**
   * How the objects that the last sync applied are; the answer comes when all have settled, at the latest after that time.
   * @throws FluxError fault `missing` before the first sync.
   */
  health(options: Cancellable & { readonly waitMs: number }): Promise<HealthReport>;
  /** Where every object of the repository stands since the last sync, sorted. */
  objects(): ObjectStatesView & { readonly failure?: FluxError };
  /** Syncs of the past, newest first, from memory and from the records in Git. */
  history: History['page'];
  /** Who set the sync tag, and who wrote the job notes. */
  writers(options?: Cancellable): Promise<Writers>;
  /** False with `--registry-disable-scanning`. */
  readonly scansImages: boolean;
  /** Every watched image repository, by name. */
  imageScans(): readonly ImageScan[];
  /** What happens, as it happens. */
  readonly events: Pick<EventLog, 'last' | 'since' | 'listen'>;
  /** True while the last sync was carried out and Git can be reached; why it is not, for /readyz. */
  readiness(): { readonly ready: boolean; readonly reason: string };
  /** One sentence when the loop is stuck and only a new start would help, for /healthz; undefined while it gets on. */
  liveness(): string | undefined;
}
