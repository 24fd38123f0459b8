import type { Cancellable, Clock, FluxError } from '../../base/index.ts';

export interface Limits {
  /** Limit of concurrent clients. */
  readonly atOnce: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly busy: () => FluxError;
  readonly tooSlow: (timeoutMs: number, cause: unknown) => FluxError;
}

/**
 * Runs work for a few clients at a time, until the client disconnects or the timeout expires.
 * The returned function throws the error of `busy` or `tooSlow`, or the reason of the client's signal.
 */
export function createLimitedWork({ atOnce, timeoutMs, clock, busy, tooSlow }: Limits) {
  let running = 0;

  return async <T>(work: (cancel: Cancellable) => Promise<T>, { signal }: Cancellable = {}): Promise<T> => {
    if (running >= atOnce) throw busy();
    running += 1;
    using deadline = clock.deadline(timeoutMs, signal);
    try {
      return await work({ signal: deadline.signal });
    } catch (error) {
      if (deadline.signal.aborted && !signal?.aborted) throw tooSlow(timeoutMs, error);
      throw error;
    } finally {
      running -= 1;
    }
  };
}
