import { type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import type { UpdateSpec } from '../../update/index.ts';
import { createLimitedWork } from '../daemon/limited-work.ts';
import type { JobResult } from './jobs.ts';

/** Limit of concurrent dry runs: each reads the whole repository, and may query registries for every image. */
const AT_ONCE = 4;

export interface DryRunOptions {
  readonly calculate: (spec: UpdateSpec, cancel: Cancellable) => Promise<JobResult>;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Plans updates as dry runs, a few at a time, until the client disconnects or the timeout of jobs expires.
 * The returned function throws FluxError `job/busy`, `job/timeout`.
 */
export function createDryRun({ calculate, timeoutMs, clock }: DryRunOptions) {
  const limited = createLimitedWork({ atOnce: AT_ONCE, timeoutMs, clock, busy, tooSlow });
  return (spec: UpdateSpec, cancel?: Cancellable): Promise<JobResult> => limited((inTime) => calculate(spec, inTime), cancel);
}

function busy(): FluxError {
  return new FluxError(`limit of ${AT_ONCE} concurrent dry runs reached`, {
    code: 'job/busy',
    help: 'Retry in a few seconds.\n',
    expected: true,
  });
}

function tooSlow(timeoutMs: number, cause: unknown): FluxError {
  return new FluxError(`the dry run timed out after ${timeoutMs / 1000} s`, {
    code: 'job/timeout',
    help: 'Select fewer workloads, or increase --sync-timeout. The log of the daemon shows what is slow.\n',
    cause,
  });
}
