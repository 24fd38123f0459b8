import { type Clock, FluxError } from '../base/index.ts';
import type { UpdateSpec } from '../update/index.ts';
import type { JobResult } from './jobs.ts';
import type { Cancellable } from './ports.ts';

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
  let running = 0;

  return async (spec: UpdateSpec, { signal }: Cancellable = {}): Promise<JobResult> => {
    if (running >= AT_ONCE) throw busy();
    running += 1;
    using deadline = clock.deadline(timeoutMs, signal);
    try {
      return await calculate(spec, { signal: deadline.signal });
    } catch (error) {
      if (deadline.signal.aborted && !signal?.aborted) throw tooSlow(timeoutMs, error);
      throw error;
    } finally {
      running -= 1;
    }
  };
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
