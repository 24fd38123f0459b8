import { type Clock, FluxError, hasCode, messageOf } from '../base/index.ts';
import type { Outage } from './outage.ts';

export interface PollOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly initialMs: number;
  readonly maxMs: number;
  /** Outage of the polled daemon. */
  readonly outage: Outage;
}

/** How long the last request may outlast the timeout. */
export const GRACE_MS = 5000;

/** The error code after a timeout; each caller explains what it means. */
export const TIMEOUT = 'cli/timeout';

/**
 * Polls until there is an answer, doubling the interval up to the maximum. Keeps polling while the daemon is unreachable.
 * @throws FluxError `cli/timeout` ("timeout", with the reason if the daemon is unreachable) when there is no answer in time.
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
      await outage.tolerate(error);
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
  return hasCode(error, TIMEOUT);
}
