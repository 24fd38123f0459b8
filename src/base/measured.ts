import type { Clock } from './clock.ts';

/** The outcome of measured work. */
export interface Measurement {
  readonly success: boolean;
  readonly seconds: number;
}

/** Runs the work, and reports its duration and success. */
export async function measured<T>(clock: Clock, report: (outcome: Measurement) => void, work: () => Promise<T>): Promise<T> {
  const startedAt = clock.monotonic();
  let success = false;
  try {
    const result = await work();
    success = true;
    return result;
  } finally {
    report({ success, seconds: (clock.monotonic() - startedAt) / 1000 });
  }
}
