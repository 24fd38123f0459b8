import { setTimeout as sleep } from 'node:timers/promises';

/** Often enough to be quick, rarely enough to leave the processor to the processes that are waited for. */
const EVERY_MS = 20;

/** Waits until something holds in the world outside of this process; fails with its description after `timeoutMs`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 120_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(EVERY_MS);
  }
}
