import type { Clock } from '../../base/index.ts';

/** Longest sleep: the wall clock may be set while one sleeps by the monotonic clock. */
const LOOK_MS = 60_000;

/** Rings once, at the earliest of the times that it is set to, in milliseconds since the epoch; until the signal aborts. */
export function createAlarm(clock: Clock, ring: () => void, signal: AbortSignal): (time: number) => void {
  let set: { readonly time: number; readonly stop: AbortController } | undefined;

  async function wait(time: number, ending: AbortSignal): Promise<void> {
    while (clock.now() < time) await clock.sleep(Math.min(time - clock.now(), LOOK_MS), { signal: ending });
    set = undefined;
    ring();
  }

  return (time) => {
    if (signal.aborted || (set && set.time <= time)) return;
    set?.stop.abort();
    const stop = new AbortController();
    const ending = AbortSignal.any([stop.signal, signal]);
    set = { time, stop };
    wait(time, ending).catch((error: unknown) => {
      if (!ending.aborted) throw error;
    });
  };
}
