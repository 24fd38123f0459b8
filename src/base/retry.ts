import type { Clock } from './clock.ts';

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Source of jitter in [0, 1); injected so that tests can be exact. */
  readonly random?: () => number;
}

/** Delay before attempt n (0-based): doubles up to the maximum, then takes 50 to 100 % of it so that many clients spread out. */
export function backoffMs(attempt: number, { initialMs, maxMs, random = Math.random }: BackoffOptions): number {
  return Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30)) * (0.5 + random() / 2);
}

export interface RetryOptions extends BackoffOptions {
  readonly clock: Clock;
  readonly attempts: number;
  /** False stops at once: the error is final. */
  readonly isRetryable: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
}

/** Runs `work` until it succeeds, fails for good, or the attempts are used up; throws the last error. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt + 1 >= options.attempts || !options.isRetryable(error) || options.signal?.aborted) throw error;
      await options.clock.sleep(backoffMs(attempt, options), options.signal ? { signal: options.signal } : {});
    }
  }
}
