import type { FluxError } from '../../base/index.ts';
import type { ApplyEntry, IdleEntry, KeptEntry, PruneEntry } from '../../change/index.ts';
import type { ManifestPlace } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { Identified, LiveObject } from '../object/live.ts';
import type { Target } from '../scope/scope.ts';

/** One entry of a plan, with the data to execute it. */
export type Step = ApplyStep | IdleStep | DeleteStep | KeepStep;

export interface ApplyStep {
  readonly act: 'apply';
  readonly entry: ApplyEntry;
  readonly target: Target;
  readonly mark: string;
  /** The listed object; undefined if it did not exist. */
  readonly live: LiveObject | undefined;
  /** Set if it corrects a change or deletion in the cluster. */
  readonly isDrift?: true;
  /** Warnings to report after the write. */
  readonly warnings: readonly FluxError[];
  /** For `kubectl rollout history`. */
  readonly changeCause?: string;
  /** Set if the number of replicas in Git applies although the object was scaled. */
  readonly replicas?: 'git';
}

/** No request; target and live object show dependents whether the object exists. */
export interface IdleStep {
  readonly act: 'none';
  readonly entry: IdleEntry;
  /** Absent if the object has no location in the cluster. */
  readonly target?: Target;
  readonly live?: LiveObject;
  /** All places of an object that is defined several times. */
  readonly places?: readonly ManifestPlace[];
}

export interface DeleteStep {
  readonly act: 'delete';
  readonly entry: PruneEntry;
  readonly resource: ApiResource;
  readonly live: Identified;
}

/** An object that is not in Git, and is kept. */
export interface KeepStep {
  readonly act: 'keep';
  readonly entry: KeptEntry;
  readonly resource: ApiResource;
  readonly live: LiveObject;
}

/** Whether the step is for an object in the repository. */
export function isWanted(step: Step): step is ApplyStep | IdleStep {
  return step.entry.inGit;
}
