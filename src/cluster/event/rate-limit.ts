import type { Clock } from '../../base/index.ts';

/** Events written at once, and a second after that: they are for people, and must take nothing from the sync. */
const BURST = 25;
const PER_SECOND = 5;

/** Resolves when one more may be written, or when the signal aborts. */
export function createRateLimit(clock: Clock): (signal: AbortSignal) => Promise<void> {
  let tokens = BURST;
  let filledAt = clock.monotonic();
  return async (signal) => {
    const now = clock.monotonic();
    tokens = Math.min(BURST, tokens + ((now - filledAt) / 1000) * PER_SECOND) - 1;
    filledAt = now;
    if (tokens < 0) await clock.sleep((-tokens / PER_SECOND) * 1000, { signal }).catch(() => undefined);
  };
}
