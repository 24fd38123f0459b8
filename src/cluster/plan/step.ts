import type { FluxError } from '../../base/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';
import type { Target } from '../scope/scope.ts';
import type { PlanEntry } from '../types.ts';

/** One entry of a plan, with what is needed to carry it out. */
export type Step = ApplyStep | DeleteStep | IdleStep;

export interface ApplyStep {
  readonly act: 'apply';
  readonly entry: PlanEntry;
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

export interface DeleteStep {
  readonly act: 'delete';
  readonly entry: PlanEntry;
  readonly resource: ApiResource;
  readonly live: LiveObject;
}

/** Nothing is sent for it; its target and live object tell others whether what they need is there. */
export interface IdleStep {
  readonly act: 'none';
  readonly entry: PlanEntry;
  readonly target?: Target;
  /** Of what is not in Git, and stays. */
  readonly resource?: ApiResource;
  readonly live?: LiveObject;
}
