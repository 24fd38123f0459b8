import { backoffMs, type Clock } from '../../base/index.ts';
import type { Loss } from './loss.ts';

/** A user waits: three attempts that fail at once take less than a second together. */
const ATTEMPTS = 3;
const PAUSE = { initialMs: 250, maxMs: 1000 };
/** An attempt that timed out is retried once. */
const ATTEMPTS_OF_ALL_TIME = 2;

interface RetryOptions {
  readonly again: (loss: Loss) => boolean;
  readonly signal: AbortSignal | undefined;
}

/** Retries until an attempt gets a response, or until retries are useless; resolves to the last attempt's outcome. */
export function createRetry(clock: Clock) {
  return async <Answer extends object>(
    attempt: () => Promise<Answer | Loss>,
    { again, signal }: RetryOptions,
  ): Promise<Answer | Loss> => {
    let slow = 0;
    for (let made = 1; ; made += 1) {
      const outcome = await attempt();
      if (!('error' in outcome)) return outcome;
      if (outcome.tookAllTime) slow += 1;
      if (made >= ATTEMPTS || slow >= ATTEMPTS_OF_ALL_TIME || signal?.aborted || !again(outcome)) return outcome;
      await clock.sleep(backoffMs(made - 1, PAUSE), signal ? { signal } : {});
    }
  };
}
