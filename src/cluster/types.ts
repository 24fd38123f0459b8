import type { FluxError } from '../base/index.ts';
import type { Container, Json, KubeObject, Manifest, ManifestPlace, ResourceId } from '../resource/index.ts';

/** Passed to everything that can take long. */
export interface Cancellable {
  readonly signal?: AbortSignal;
}

/** One deletion: of the object with this uid, and of no other that bears its name. */
export interface Deletion {
  readonly id: ResourceId;
  readonly uid: string;
}

/** An object that is not in Git and has the mark of another Flux, or of this one under another URL, branch or path. */
export interface Orphan {
  readonly id: ResourceId;
  /** Absent when the API server states none. */
  readonly uid?: string;
}

export interface PlanRequest {
  /** What the repository wants; `errors` is only counted: with any, nothing is deleted. */
  readonly desired: { readonly manifests: readonly Manifest[]; readonly errors: readonly unknown[] };
  /** Flux v1's sync-set name; keys our marks. */
  readonly syncSet: string;
  readonly garbageCollection: 'off' | 'dry' | 'on';
  /** This many deletions are confirmed by a person. */
  readonly allowPrune?: number;
  /** Exactly these deletions, or fewer of them, are confirmed by a person. */
  readonly approved?: readonly Deletion[];
  /** Orphans that a person wants deleted, each by its uid. */
  readonly approvedOrphans?: readonly Deletion[];
  /** Without a confirmation no more objects than these are deleted; any number when absent. */
  readonly deletionLimit?: number;
  /** An earlier process left deletions that a person has to confirm; to be said once, until a plan of this process was carried out. */
  readonly unconfirmed?: boolean;
  /**
   * What an earlier process applied last, as Git's record says, where that is another revision: what joined the set since, unrecorded,
   * must not make a deletion look small. Empty when nothing is known of it.
   */
  readonly before?: readonly Manifest[];
  /** Only to be looked at: nothing of it is remembered, and the next sync is as if it had not been made. */
  readonly preview?: true;
}

export type Action = 'create' | 'change' | 'unchanged' | 'skip' | 'prune' | 'held' | 'failed';

/** What is to be done about one object, and why. */
export interface PlanEntry {
  readonly id: ResourceId;
  readonly place?: ManifestPlace;
  readonly action: Action;
  readonly reason?: string;
  /** In Git, but outside of the namespaces of --k8s-allow-namespace. */
  readonly excluded?: true;
  readonly error?: FluxError;
  /** Set on what is not in Git and is, or would be, deleted. */
  readonly uid?: string;
  /** Hash of the list of deletions that this one waits with for a person's approval. */
  readonly approval?: string;
  /** What of the manifest was read otherwise than it is written, or does not count at the moment. */
  readonly warnings?: readonly FluxError[];
}

export interface Plan {
  readonly entries: readonly PlanEntry[];
  /** What is left alone because it may be another's; by id. Absent when there is none, or nobody looked. */
  readonly orphans?: readonly Orphan[];
  /** Whether deletions wait for a person to confirm them; absent where garbage is not collected. */
  readonly unconfirmed?: boolean;
}

/** One field that would change. `from` is absent for a field that is new, `to` for one that goes. */
export interface FieldDiff {
  /** `spec.template.spec.containers[name=web].image`. */
  readonly path: string;
  readonly from?: Json;
  readonly to?: Json;
}

/** What a sync would do to one object, as the API server itself says. Values of Secrets are masked. */
export interface ObjectDiff extends PlanEntry {
  /** For `create` and `change`; absent where the server could not try it out, as `reason` says then. */
  readonly fields?: readonly FieldDiff[];
}

export type Outcome = 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped' | 'held' | 'failed';

/** What happened to one object. */
export interface Change {
  readonly id: ResourceId;
  readonly outcome: Outcome;
  readonly place?: ManifestPlace;
  readonly reason?: string;
  /** It puts right what somebody did to the object in the cluster; `reason` says what. */
  readonly drift?: true;
  /** In Git, but outside of the namespaces of --k8s-allow-namespace. */
  readonly excluded?: true;
  readonly error?: FluxError;
  /** What was read otherwise than it is written, so that the API server takes it. */
  readonly warnings?: readonly FluxError[];
  /** Set on what is not in Git and is, or would be, deleted. */
  readonly uid?: string;
  /** Hash of the list of deletions that this one waits with for a person's approval. */
  readonly approval?: string;
}

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
  readonly status: string;
  readonly rollout: Rollout;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly antecedent?: ResourceId;
}

export interface WorkloadFilter {
  readonly namespace?: string;
  readonly ids?: readonly ResourceId[];
}

/**
 * How an object is, in the words of kstatus (Kubernetes, sigs.k8s.io/cli-utils). `current`: as its manifest says, nothing is on its
 * way. `failed`: its controller gave up, or nothing but a change will help. `missing`: not in the cluster. `unknown`: nobody here
 * may look at it.
 */
export type HealthState = 'current' | 'inProgress' | 'failed' | 'terminating' | 'missing' | 'unknown';

export interface ObjectHealth {
  readonly id: ResourceId;
  readonly state: HealthState;
  /** One line; why, when it is not current. */
  readonly message: string;
}

/** A look at the health of some objects that follows them until it is closed. */
export interface HealthWatch {
  /** How each object is now, in the order asked for. */
  states(): readonly ObjectHealth[];
  /** True while nothing is on its way: every object is current, failed, or nobody may look at it. */
  settled(): boolean;
  close(): void;
}

/** One Kubernetes cluster, as the daemon uses it. */
/** Something that `kubectl describe` of an object shall show. */
export interface ObjectEvent {
  /** Of the object, returned by `apply`. */
  readonly change: Change;
  readonly reason: 'SyncApplied' | 'SyncFailed' | 'DriftCorrected' | 'ImageUpdated' | 'DeletionHeld' | 'GarbageCollected';
  readonly action: 'Sync' | 'CorrectDrift' | 'UpdateImage' | 'GarbageCollect';
  readonly type: 'Normal' | 'Warning';
  /** Without secrets. */
  readonly note: string;
  readonly revision: string;
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
  /**
   * Compares desired with live state by metadata alone; sends no write. Trouble with one object or kind is in the plan;
   * only a server that cannot be asked at all throws (`cluster/unreachable`, `cluster/unauthorized` …).
   */
  plan(request: PlanRequest, options?: Cancellable): Promise<Plan>;
  /** Carries out a plan made by this cluster, once: applies in stages, then deletes. One change an entry, in the same order. Never throws for an object. */
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
   * Whether the holder of a token has a right, by the API server's own word.
   * @throws FluxError when it cannot be asked.
   */
  reviewAccess(question: AccessQuestion, options?: Cancellable): Promise<AccessVerdict>;
  /** What `fluxctl save` saves: each namespace with its workloads, whole. */
  exportObjects(options?: Cancellable): Promise<readonly KubeObject[]>;
  /**
   * Follows the health of what these changes, all of them returned by `apply`, left in the cluster (not of what was skipped, held,
   * deleted or failed). One list and one watch for each kind whose status has to be read; `onChange` is called when something may
   * have changed.
   */
  watchHealth(changes: readonly Change[], onChange: () => void): HealthWatch;
  workloads(filter: WorkloadFilter, options?: Cancellable): Promise<readonly ClusterWorkload[]>;
  readonly defaultNamespace: string;
  idOf(object: KubeObject): ResourceId | undefined;
  /** The same value for as long as `idOf` answers the same. */
  namesBy(): object;
  readCore(
    kind: 'Secret' | 'ServiceAccount',
    namespace: string,
    name: string,
    options?: Cancellable,
  ): Promise<KubeObject | undefined>;
  version(options?: Cancellable): Promise<string>;
  close(): void;
}
