import type { ContainerState, PodState } from '../resource/index.ts';

/** Of a container; a resource that is not named has no amount. */
export interface Amounts {
  /** Cores: 0.1 for `100m`. */
  readonly cpu?: number;
  /** Bytes. */
  readonly memory?: number;
}

/** `sidecar`: an init container that keeps running. */
export type ContainerType = 'init' | 'sidecar' | 'main';

export interface LiveContainer extends ContainerState {
  readonly type: ContainerType;
  readonly requests: Amounts;
  readonly limits: Amounts;
  /** As metrics-server measured it; absent if it has not, or may not be asked. */
  readonly usage?: Amounts;
}

export interface LivePod extends Omit<PodState, 'containers'> {
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  /** Init containers first. */
  readonly containers: readonly LiveContainer[];
}

/** Whether usage was read. `not-served`: the cluster has no metrics-server. */
export type UsageReading =
  | { readonly state: 'read' }
  | { readonly state: 'not-served' }
  | { readonly state: 'unread'; readonly reason: string };

/** The pods of a workload of Git. */
export interface LivePodsReport {
  /** Newest first. */
  readonly pods: readonly LivePod[];
  /** Whether there are more. */
  readonly isCut: boolean;
  readonly usage: UsageReading;
}
