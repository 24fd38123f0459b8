/** A pod, as far as it shows how a rollout goes. */
export interface PodState {
  readonly name: string;
  /** Absent until it is scheduled. */
  readonly node?: string;
  readonly phase: string;
  /** Why the pod as a whole does not run: `Evicted`, `NodeLost`. */
  readonly reason?: string;
  /** Why no node takes it; absent once it is scheduled. */
  readonly unscheduled?: string;
  readonly ready: boolean;
  /** Whether it is being deleted. */
  readonly ending: boolean;
  /** Init containers, then containers. */
  readonly containers: readonly ContainerState[];
}

export interface ContainerState {
  readonly name: string;
  /** As in the pod's spec. */
  readonly image: string;
  /** The image that it runs, as its node names it: `docker.io/acme/web@sha256:…`; absent until it is pulled. */
  readonly imageId?: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly now: ContainerPhase;
  /** How it ended the last time. */
  readonly last?: Termination;
}

export type ContainerPhase =
  | { readonly state: 'running' }
  /** `reason` as in Kubernetes: `ContainerCreating`, `CrashLoopBackOff`, `ImagePullBackOff`. */
  | { readonly state: 'waiting'; readonly reason: string; readonly message: string }
  | ({ readonly state: 'terminated' } & Termination)
  /** The kubelet has not reported it. */
  | { readonly state: 'unknown' };

/** How a container ended. The message is of its program, and may hold secrets. */
export interface Termination {
  readonly reason: string;
  readonly exitCode: number;
  readonly message: string;
}

/** Why an image could not be pulled, from the message of a container that waits for it; empty if that does not say. */
export function pullCause(message: string): string {
  return message.replace(/^Back-off pulling image "[^"]*"(?:: )?/, '');
}

const STARTING: readonly string[] = ['ContainerCreating', 'PodInitializing', ''];

/** Whether a container with this reason to wait starts as it should. */
export function isStarting(reason: string): boolean {
  return STARTING.includes(reason);
}
