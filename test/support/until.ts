import { setTimeout as sleep } from 'node:timers/promises';

export interface Waiting {
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** An error counts as not yet: what is asked may be down for a moment, which is what some tests are about. */
  readonly overErrors?: boolean;
}

/** Makes a function that waits until something holds, and fails with its description, and the last error, when it does not in time. */
export function waiting({ everyMs, timeoutMs: usualMs, overErrors = false }: Waiting) {
  return async (what: string, holds: () => boolean | Promise<boolean>, timeoutMs = usualMs): Promise<void> => {
    const deadline = performance.now() + timeoutMs;
    let cause: unknown;
    for (;;) {
      try {
        if (await holds()) return;
        cause = undefined;
      } catch (error) {
        if (!overErrors) throw error;
        cause = error;
      }
      if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause });
      await sleep(everyMs);
    }
  };
}

/** Waits for what happens in this process. */
export const until = waiting({ everyMs: 5, timeoutMs: 60_000 });

/** Waits for a server that was just started: until it listens, asking it fails. */
export const untilServed = waiting({ everyMs: 20, timeoutMs: 60_000, overErrors: true });
