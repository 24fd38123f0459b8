import { type Clock, FluxError, messageOf } from '../base/index.ts';
import type { Outage } from './outage.ts';

export interface PollOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly initialMs: number;
  readonly maxMs: number;
  /** Of the daemon that is asked. */
  readonly outage: Outage;
}

/** What is asked last may take so long after time is up. */
export const GRACE_MS = 5000;

/** The code of the error when time is up; each caller says in its own words what that means. */
export const TIMEOUT = 'cli/timeout';

/**
 * Asks until there is an answer, waiting twice as long each time up to the maximum. A daemon that is away is waited for as well.
 * @throws FluxError `cli/timeout` ("timeout", and why where the daemon is away by then) when there is none in time.
 */
export async function poll<T>(
  ask: (options: { readonly signal: AbortSignal }) => Promise<T | undefined>,
  { clock, timeoutMs, initialMs, maxMs, outage }: PollOptions,
): Promise<T> {
  const deadline = clock.monotonic() + timeoutMs;
  for (let delay = initialMs; ; delay = Math.min(delay * 2, maxMs)) {
    let failure: unknown;
    using last = clock.deadline(Math.max(0, deadline - clock.monotonic()) + GRACE_MS);
    try {
      const answer = await ask(last);
      outage.over();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (last.signal.aborted) throw timeoutAfter(undefined);
      await outage.bear(error);
      failure = error;
    }
    const left = deadline - clock.monotonic();
    if (left <= 0) throw timeoutAfter(failure);
    await clock.sleep(Math.min(delay, left));
  }
}

export function timeoutAfter(failure: unknown): FluxError {
  if (failure === undefined) return new FluxError('timeout', { code: TIMEOUT });
  const help = failure instanceof FluxError ? failure.help : undefined;
  return new FluxError(`timeout: ${messageOf(failure)}`, {
    code: TIMEOUT,
    ...(help === undefined ? {} : { help }),
    cause: failure,
  });
}

export function isTimeout(error: unknown): boolean {
  return error instanceof FluxError && error.code === TIMEOUT;
}
