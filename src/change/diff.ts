import type { AllFields, FluxError } from '../base/index.ts';
import type { Confidential, Json } from '../resource/index.ts';
import { countBy } from './count-by.ts';
import type { Action, ApplyEntry, IdleEntry, UnwantedEntry } from './plan.ts';

/** One field that would change. `from` is absent for a new field, `to` for one that goes. */
export interface FieldDiff {
  /** `spec.template.spec.containers[name=web].image`. */
  readonly path: string;
  readonly from?: Json;
  readonly to?: Json;
}

/** How an object of Git differs between two revisions, as it may be shown. */
export interface ManifestDiff {
  /** What is left out of the values. */
  readonly hidden?: Confidential;
  readonly fields: readonly FieldDiff[];
  /** Whether there are more fields; without any, the object is too large to be compared. */
  readonly isCut: boolean;
}

/** What a sync would do to one object, according to the API server. Values of Secrets are masked. */
export type ObjectDiff = AllFields<ApplyDiff | IdleEntry | UnwantedEntry>;

/** An object that would be applied. */
export interface ApplyDiff extends ApplyEntry {
  /** Absent where the server could not try it out, as `reason` says then. */
  readonly fields?: readonly FieldDiff[];
  /** What was read otherwise than it is written. */
  readonly warnings?: readonly FluxError[];
}

/** How many objects have each action. */
export function countActions(diffs: readonly ObjectDiff[]): Partial<Record<Action, number>> {
  return countBy(diffs, ({ action }) => action);
}
