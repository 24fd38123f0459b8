import { type Clock, FluxError } from '../base/index.ts';

export interface PollOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The code of the error when time is up; each caller says in its own words what that means. */
export const TIMEOUT = 'cli/timeout';

/**
 * Asks until there is an answer, waiting twice as long each time up to the maximum.
 * @throws FluxError `cli/timeout` ("timeout") when there is none in time.
 */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { clock, timeoutMs, initialMs, maxMs }: PollOptions,
): Promise<T> {
  const deadline = clock.now() + timeoutMs;
  for (let delay = initialMs; ; delay = Math.min(delay * 2, maxMs)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    const left = deadline - clock.now();
    if (left <= 0) throw new FluxError('timeout', { code: TIMEOUT });
    await clock.sleep(Math.min(delay, left));
  }
}

export function isTimeout(error: unknown): boolean {
  return error instanceof FluxError && error.code === TIMEOUT;
}
