import { type Clock, TokenBucket } from '../../base/index.ts';

/** Events written at once, and a second after that: they are for people, and must take nothing from the sync. */
const BURST = 25;
const PER_SECOND = 5;

/** Resolves when one more may be written, or when the signal aborts. */
export function createRateLimit(clock: Clock): (signal: AbortSignal) => Promise<void> {
  const bucket = new TokenBucket(clock, BURST);
  return async (signal) => {
    const waitMs = bucket.take(PER_SECOND);
    if (waitMs > 0) await clock.sleep(waitMs, { signal }).catch(() => undefined);
  };
}
