import type { FluxError } from '../../base/index.ts';
import type { ApplyEntry, IdleEntry, KeptEntry, PruneEntry } from '../../change/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';
import type { Target } from '../scope/scope.ts';

/** One entry of a plan, with what is needed to carry it out. */
export type Step = ApplyStep | IdleStep | DeleteStep | KeepStep;

export interface ApplyStep {
  readonly act: 'apply';
  readonly entry: ApplyEntry;
  readonly target: Target;
  readonly mark: string;
  /** As it was listed; undefined when it did not exist. */
  readonly live: LiveObject | undefined;
  /** Set when it puts right what somebody changed or deleted. */
  readonly isDrift?: true;
  /** What is told when it is written. */
  readonly warnings: readonly FluxError[];
  /** Set where the number of replicas in Git counts although the object was scaled. */
  readonly replicas?: 'git';
}

/** Nothing is sent for it; its target and live object tell others whether what they need is there. */
export interface IdleStep {
  readonly act: 'none';
  readonly entry: IdleEntry;
  /** Absent when the object has no place in the cluster. */
  readonly target?: Target;
  readonly live?: LiveObject;
}

export interface DeleteStep {
  readonly act: 'delete';
  readonly entry: PruneEntry;
  readonly resource: ApiResource;
  readonly live: LiveObject;
}

/** It is not in Git, and stays. */
export interface KeepStep {
  readonly act: 'keep';
  readonly entry: KeptEntry;
  readonly resource: ApiResource;
  readonly live: LiveObject;
}

/** The step is about an object that the repository wants. */
export function isWanted(step: Step): step is ApplyStep | IdleStep {
  return step.entry.inGit;
}
