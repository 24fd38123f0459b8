import type { Cancellable } from '../../base/index.ts';
import type { Change, Evidence, ObjectDiff, ObjectEvent, ObjectHealth, Plan, PlanRequest } from '../../change/index.ts';
import type { ClusterSource, Fence, OwnSecret, OwnValues } from '../../cluster/index.ts';
import type {
  AccessQuestion,
  AccessVerdict,
  ClusterCapabilities,
  ClusterWorkload,
  KubeObject,
  OwnedInNamespace,
  PodState,
  ResourceId,
  WorkloadFilter,
} from '../../resource/index.ts';
import type { LiveReads } from './live.ts';

/** Follows the health of some objects until it is closed. */
export interface HealthWatch {
  /** How each object is now, in the order asked for. */
  states(): readonly ObjectHealth[];
  /** True while nothing is in progress: every object is current, failed, or one that the daemon may not look at. */
  settled(): boolean;
  close(): void;
}

/** One Kubernetes cluster. */
export interface Cluster {
  /**
   * Compares desired with live state by metadata alone, and writes nothing. Trouble with one object or kind is in the plan.
   * @throws FluxError when the API server cannot be asked at all: `cluster/unreachable`, `cluster/unauthorized` …
   */
  plan(request: PlanRequest, options?: Cancellable): Promise<Plan>;
  /**
   * Carries out a plan of this cluster, once: applies in the order of dependencies and in stages, then deletes. What waits for others is held. One change for each entry, in the same order; never throws
   * for an object. `onProgress` is called at each answer.
   */
  apply(plan: Plan, options?: Cancellable & { readonly onProgress?: () => void }): Promise<readonly Change[]>;
  /** Writes Kubernetes Events about objects, in the background. What cannot be written is logged once. */
  recordEvents(events: readonly ObjectEvent[]): void;
  /** Adds a source, before its first plan. Its `onDrift` is called when another manager changed or deleted an applied object and a sync would correct it, when what held up a part has become healthy, or a watch was lost and a sync finds out why. */
  join(source: ClusterSource): void;
  /**
   * Tries out a plan of this cluster by server-side dry runs, and writes nothing: one read and one dry run for each object that would be
   * created or changed. One diff for each entry, in the same order.
   * @throws FluxError when the API server cannot be asked at all.
   */
  diff(plan: Plan, options?: Cancellable): Promise<readonly ObjectDiff[]>;
  /**
   * Follows the health of the objects that these changes applied; `apply` has to have returned them. Workloads need no request; every
   * other kind whose status has to be read needs one list and one watch. `onChange` is called when something may have changed.
   */
  watchHealth(changes: readonly Change[], onChange: () => void, options?: { readonly inspectPodsMs?: number }): HealthWatch;
  /** Workloads of a namespace, or of all; add-ons of kube-system left out as in Flux v1. The same array as before while nothing has changed. */
  workloads(filter: WorkloadFilter, options?: Cancellable): Promise<readonly ClusterWorkload[]>;
  /**
   * Reads what explains the state of one object: the object, its newest pods, its last events and what they depend on; a bounded number of
   * each. A reading that fails is part of the result. `scaled`: whether to look for an autoscaler.
   */
  inspect(
    request: { readonly id: ResourceId; readonly object?: KubeObject; readonly scaled: boolean },
    options?: Cancellable,
  ): Promise<Evidence>;
  /** The namespace that a namespaced manifest without one goes to. */
  readonly defaultNamespace: string;
  /**
   * Asks the API server whether the holder of a token has a right.
   * @throws FluxError when it cannot be asked.
   */
  reviewAccess(question: AccessQuestion, options?: Cancellable): Promise<AccessVerdict>;
  /** What people look at, with their own rights. */
  readonly live: LiveReads;
  /** What `fluxctl save` saves: every namespace and workload, in full. */
  exportObjects(options?: Cancellable): Promise<readonly KubeObject[]>;
  /** Full id of a manifest after namespace defaulting, or undefined while its kind is unknown. */
  idOf(object: KubeObject): ResourceId | undefined;
  /** The same value as long as `idOf` answers the same. */
  namesBy(): object;
  /** An object of the core group, for pull secrets and service accounts; undefined when absent or forbidden. */
  readCore(
    kind: 'Secret' | 'ServiceAccount',
    namespace: string,
    name: string,
    options?: Cancellable,
  ): Promise<KubeObject | undefined>;
  /**
   * The pods of a workload that has pods of its own, at most `limit`.
   * @throws FluxError `cluster/forbidden` …
   */
  pods(id: ResourceId, options: Cancellable & { readonly limit: number }): Promise<readonly PodState[]>;
  /**
   * What controllers have made in a namespace: ReplicaSets, pods and, where asked, Jobs. Shared for a moment by all who ask.
   * @throws FluxError `cluster/forbidden` …
   */
  owned(question: { readonly namespace: string; readonly withJobs: boolean }): Promise<OwnedInNamespace>;
  /** A Secret in the daemon's own namespace, which garbage collection leaves alone. Its writes need no term without a fence. */
  secret(options: { readonly name: string; readonly fence?: Fence }): OwnSecret;
  /**
   * The texts in a ConfigMap or Secret of the daemon's own namespace; undefined if it does not exist.
   * @throws FluxError `substitution/no-namespace` outside of the cluster, `cluster/forbidden` …
   */
  ownValues(
    object: { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string },
    cancel?: Cancellable,
  ): Promise<OwnValues | undefined>;
  /** `v1.34.4`. @throws FluxError `cluster/unreachable`. */
  version(options?: Cancellable): Promise<string>;
  /**
   * What charts may know of the cluster: the last complete answer, and the identical object while it is the same.
   * @throws FluxError `cluster/capabilities-unknown` while no answer was complete; those of `version`
   */
  capabilities(options?: Cancellable): Promise<ClusterCapabilities>;
  close(): void;
}
