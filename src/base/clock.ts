/** Time as a collaborator, so that tests decide what time it is. What waits, counts or ages goes by the monotonic clock. The only place that touches Date, performance and timers. */
export interface Clock {
  /** The time of day in milliseconds since the Unix epoch, to be written down; it jumps when it is set. */
  now(): number;
  /** Milliseconds since some moment; runs on evenly, whoever sets the time. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted first. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** A signal that aborts with a TimeoutError after `ms` milliseconds, or when the given parent does, until it is disposed of. */
  deadline(ms: number, parent?: AbortSignal): Deadline;
}

/** Most work ends before its deadline: what is disposed of leaves nothing behind, neither in a timer nor in a parent that lives long. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** The longest delay a timer of Node holds, about 25 days; it turns longer ones into 1 ms. What is longer is capped instead. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(ms, MAX_TIMER_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
  deadline: withDeadline,
};

/** A deadline by the system's timers, which keeps no process alive. */
export function withDeadline(ms: number, parent?: AbortSignal): Deadline {
  const either = new AbortController();
  const onTimeout = () => end(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
  const onAbort = () => end(parent?.reason);
  // Timers take whole milliseconds only.
  const timer = setTimeout(onTimeout, Math.ceil(Math.min(Math.max(ms, 0), MAX_TIMER_MS))).unref();
  const release = () => {
    clearTimeout(timer);
    parent?.removeEventListener('abort', onAbort);
  };
  const end = (reason: unknown) => {
    release();
    either.abort(reason);
  };
  if (parent?.aborted) onAbort();
  else parent?.addEventListener('abort', onAbort);
  return { signal: either.signal, [Symbol.dispose]: release };
}

/** When something begins, in time of day, and how to ask when it ended: the time that it took, also when the time of day is set meanwhile. */
export function begin(clock: Clock): { readonly startedAt: number; readonly ended: () => number } {
  const [startedAt, from] = [clock.now(), clock.monotonic()];
  return { startedAt, ended: () => startedAt + Math.round(clock.monotonic() - from) };
}

/** As the time of day, for people, of a moment of the monotonic clock; in whole ms, as the time of day is. */
export function timeOfDay(clock: Pick<Clock, 'now' | 'monotonic'>, moment: number): number {
  return clock.now() + Math.round(moment - clock.monotonic());
}

/** RFC 3339 in UTC, in whole seconds: a fraction is cut off, as Go does. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
