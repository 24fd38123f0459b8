import { type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import type { UpdateSpec } from '../../update/index.ts';
import { createLimitedWork } from '../daemon/limited-work.ts';
import type { JobResult } from './jobs.ts';

/** Each reads the whole repository, and may ask registries about every image. */
const AT_ONCE = 4;

export interface DryRunOptions {
  readonly calculate: (spec: UpdateSpec, cancel: Cancellable) => Promise<JobResult>;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Calculates what an update would do, a few at a time, each for as long as its client waits and no longer than a job may take.
 * The function throws FluxError `job/busy`, `job/timeout`.
 */
export function createDryRun({ calculate, timeoutMs, clock }: DryRunOptions) {
  const limited = createLimitedWork({ atOnce: AT_ONCE, timeoutMs, clock, busy, tooSlow });
  return (spec: UpdateSpec, cancel?: Cancellable): Promise<JobResult> => limited((inTime) => calculate(spec, inTime), cancel);
}

function busy(): FluxError {
  return new FluxError(`${AT_ONCE} dry runs are being calculated already`, {
    code: 'job/busy',
    help: 'Ask again in a few seconds.\n',
    expected: true,
  });
}

function tooSlow(timeoutMs: number, cause: unknown): FluxError {
  return new FluxError(`the dry run was not calculated within ${timeoutMs / 1000} s`, {
    code: 'job/timeout',
    help: 'Name fewer workloads, or give more time with --sync-timeout. The log of the daemon says what is slow.\n',
    cause,
  });
}
