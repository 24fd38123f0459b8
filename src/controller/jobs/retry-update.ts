import type { Cancellable, Clock } from '../../base/index.ts';
import { type Attempts, attemptFailed, NO_ATTEMPTS } from './attempts.ts';

export interface RetryOptions {
  readonly clock: Clock;
  /** Called before another attempt, with why the one before failed. */
  readonly onRetry: (error: unknown) => void;
}

/** Attempts an update until it is done, or fails for good. An attempt notes in `progress` how far it has come. */
export async function retryUpdate<P, T>(
  attempt: (progress: { attempts: Attempts<P> }) => Promise<T>,
  { clock, onRetry }: RetryOptions,
  cancel: Cancellable,
): Promise<T> {
  const progress: { attempts: Attempts<P> } = { attempts: NO_ATTEMPTS };
  for (;;) {
    try {
      const { waitMs } = progress.attempts;
      if (waitMs > 0) await clock.sleep(waitMs, cancel);
      return await attempt(progress);
    } catch (error) {
      const after = attemptFailed(progress.attempts, error, { isOver: cancel.signal?.aborted ?? false });
      if (after.next === 'fail') throw after.error;
      onRetry(error);
      progress.attempts = after.attempts;
    }
  }
}
