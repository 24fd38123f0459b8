import type { Reading } from '../base/index.ts';
import type { PodState } from '../resource/index.ts';
import type { HealthState } from './health.ts';

/** What an explanation needs of the cluster about one object. Times are in milliseconds since the epoch. */
export interface Evidence {
  /** Undefined if there is no such object. */
  readonly object: Reading<LiveFacts | undefined>;
  /** Set while corrections of the object back off, because another manager changes it again. */
  readonly contention?: ContentionFacts;
  /** Its namespace; absent if it is not needed, or has none. */
  readonly namespace?: Reading<NamespaceFacts | undefined>;
  /** The newest ReplicaSet of a Deployment, if it has one. */
  readonly replicaSet?: Reading<ReplicaSetFacts | undefined>;
  /** Pods of the newest template; absent for an object without pods. */
  readonly pods?: Reading<readonly PodFacts[]>;
  /** The last events of the object and its pods, newest first. */
  readonly events: Reading<readonly EventFacts[]>;
  /** The claims of a pod that does not start, or the object itself if it is one. */
  readonly claims?: Reading<readonly ClaimFacts[]>;
  /** The HorizontalPodAutoscaler that scales the object. */
  readonly autoscaler?: Reading<AutoscalerFacts | undefined>;
}

export interface LiveFacts {
  readonly health: HealthState;
  /** One line; why, when it is not current. */
  readonly message: string;
  readonly createdAt?: number;
  /** When the last condition changed. */
  readonly changedAt?: number;
  readonly deletedAt?: number;
  readonly finalizers: readonly FinalizerFacts[];
  /** Why its pods are not created. */
  readonly notCreated?: string;
}

export interface ContentionFacts {
  /** Number of corrections so far. */
  readonly corrections: number;
  /** When the next one may come. */
  readonly until: number;
  /** The manager that wrote last, if that is known. */
  readonly by?: string;
}

export interface FinalizerFacts {
  readonly name: string;
  /** The field manager that set it, if that is known, and its last write to the object. */
  readonly manager?: string;
  readonly writtenAt?: number;
}

export interface NamespaceFacts {
  readonly deletedAt?: number;
  /** What keeps it from going. */
  readonly remaining: readonly string[];
}

export interface ReplicaSetFacts {
  readonly name: string;
  readonly createdAt?: number;
  readonly wanted: number;
  readonly ready: number;
  /** Why its pods are not created. */
  readonly notCreated?: string;
}

export interface PodFacts extends PodState {
  readonly createdAt?: number;
  /** The names of its PersistentVolumeClaims. */
  readonly claims: readonly string[];
  /** `disk=ssd`. */
  readonly nodeSelector: readonly string[];
}

export interface EventFacts {
  /** `pod/web-1`. */
  readonly about: string;
  readonly type: string;
  readonly reason: string;
  /** Empty if it may quote what a program printed. */
  readonly message: string;
  readonly count: number;
  readonly lastAt?: number;
}

export interface ClaimFacts {
  readonly name: string;
  /** Absent if there is no such claim. */
  readonly phase?: string;
  readonly storageClass?: string;
  /** Why no volume is bound. */
  readonly reason?: string;
}

export interface AutoscalerFacts {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly wanted: number;
}
