import type { Reading } from '../base/index.ts';
import type { Confidential, Json, KubeObject } from '../resource/index.ts';

/** A manifest as it may be shown: of Secrets and confidential objects without values. */
export interface ShownManifest {
  readonly object: KubeObject;
  /** What was left out. */
  readonly hidden?: Confidential;
}

/** One entry of `managedFields`: who set a field. */
export interface FieldOwner {
  readonly manager: string;
  /** By server-side apply, or by any other write. */
  readonly operation: 'Apply' | 'Update';
  readonly subresource?: string;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

/**
 * How a field in the cluster compares with Git. `added`: only in the cluster, where some manager set it. `default`: only there, and no
 * manager owns it, so the API server filled it in. `hidden`: neither value is shown.
 */
export type FieldState = 'same' | 'differs' | 'missing' | 'added' | 'default' | 'hidden';

export interface LiveField {
  /** `spec.template.spec.containers[name=web].image`. */
  readonly path: string;
  readonly state: FieldState;
  /** Absent if Git does not have the field. */
  readonly desired?: Json;
  /** Absent if the object in the cluster does not have it. */
  readonly live?: Json;
  readonly owners: readonly FieldOwner[];
}

/** A Kubernetes Event about the object. Times are in milliseconds since the epoch. */
export interface LiveEvent {
  readonly type: string;
  readonly reason: string;
  /** Empty for a hidden object, which it may quote. */
  readonly message: string;
  readonly count: number;
  readonly from: string;
  readonly lastAt?: number;
}

/** An object of Git and the cluster, side by side. */
export interface LiveObjectReport {
  /** Whether the cluster has it. */
  readonly exists: boolean;
  readonly hidden?: Confidential;
  /** Sorted by path. */
  readonly fields: readonly LiveField[];
  /** Whether there are more fields; without any, the object is too large to be compared. */
  readonly isCut: boolean;
  /** Newest first. */
  readonly events: Reading<readonly LiveEvent[]>;
}
