import type { Cancellable, Clock, FluxError } from '../../base/index.ts';

export interface Limits {
  /** How many clients are served at once. */
  readonly atOnce: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly busy: () => FluxError;
  readonly tooSlow: (timeoutMs: number, cause: unknown) => FluxError;
}

/**
 * Does work for clients, a few at a time, each for as long as its client waits and no longer than the limit.
 * The function throws what `busy` and `tooSlow` give, or the reason of the client's signal.
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
