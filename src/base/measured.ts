import type { Clock } from './clock.ts';

/** How some work went. */
export interface Measurement {
  readonly success: boolean;
  readonly seconds: number;
}

/** Does the work, and tells how long it took and whether it went well. */
export async function measured<T>(clock: Clock, tell: (outcome: Measurement) => void, work: () => Promise<T>): Promise<T> {
  const startedAt = clock.monotonic();
  let success = false;
  try {
    const result = await work();
    success = true;
    return result;
  } finally {
    tell({ success, seconds: (clock.monotonic() - startedAt) / 1000 });
  }
}
