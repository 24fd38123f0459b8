import { backoffMs, type Clock } from '../../base/index.ts';
import type { Loss } from './loss.ts';

/** Somebody waits: three attempts take less than a second together when each fails at once. */
const ATTEMPTS = 3;
const PAUSE = { initialMs: 250, maxMs: 1000 };
/** An attempt that took all its time is followed by one more. */
const ATTEMPTS_OF_ALL_TIME = 2;

interface RetryOptions {
  readonly again: (loss: Loss) => boolean;
  readonly signal: AbortSignal | undefined;
}

/** Makes attempts until one is answered, or until no more of them are of use; resolves to what the last one came to. */
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
