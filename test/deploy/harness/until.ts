import { setTimeout as sleep } from 'node:timers/promises';

/** Each look starts a process or asks over the network, so not as often as in tests within one process. */
const EVERY_MS = 250;

/** Waits until something holds in the cluster; fails with its description, and the last error, after `timeoutMs`. */
export async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 90_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      if (await holds()) return;
      cause = undefined;
    } catch (error) {
      cause = error; // what is asked may be down for a moment: that is what some tests are about
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause });
    await sleep(EVERY_MS);
  }
}
