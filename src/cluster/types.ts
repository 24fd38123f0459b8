import type { Cancellable } from '../base/index.ts';
import type { Change, ObjectDiff, ObjectEvent, ObjectHealth, Plan, PlanRequest } from '../change/index.ts';
import type {
  AccessQuestion,
  AccessVerdict,
  ClusterWorkload,
  KubeObject,
  ResourceId,
  WorkloadFilter,
} from '../resource/index.ts';

/** A look at the health of some objects that follows them until it is closed. */
export interface HealthWatch {
  /** How each object is now, in the order asked for. */
  states(): readonly ObjectHealth[];
  /** True while nothing is on its way: every object is current, failed, or nobody may look at it. */
  settled(): boolean;
  close(): void;
}

/** One Kubernetes cluster, as the daemon uses it. */
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
