import type { Container } from './container.ts';
import type { ResourceId } from './id.ts';

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
  /** `unknown`, `error`, `ready`, `updating` or `started` (Flux v1's words); of a HelmRelease what its operator wrote. */
  readonly status: string;
  readonly rollout: Rollout;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly antecedent?: ResourceId;
}

/** Which workloads are listed. */
export interface WorkloadFilter {
  readonly namespace?: string;
  readonly ids?: readonly ResourceId[];
}
