/** Time as a collaborator, so that tests decide what time it is. The only place that touches Date and timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted first. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** A signal that aborts with a TimeoutError after `ms` milliseconds, or when the given parent does. */
  deadline(ms: number, parent?: AbortSignal): AbortSignal;
}

/** The longest delay a timer of Node holds, about 25 days; it turns longer ones into 1 ms. What is longer is capped instead. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
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

/** Keeps a timeout as long as the signal made of it: that one holds it weakly, and a collected timeout never fires. */
const TIMEOUTS = new WeakMap<AbortSignal, AbortSignal>();

/** A signal that aborts with a TimeoutError after `ms`, or when the given parent signal does. */
export function withDeadline(ms: number, parent?: AbortSignal): AbortSignal {
  // Takes whole milliseconds only.
  const timeout = AbortSignal.timeout(Math.ceil(Math.min(Math.max(ms, 0), MAX_TIMER_MS)));
  if (!parent) return timeout;
  const either = AbortSignal.any([parent, timeout]);
  TIMEOUTS.set(either, timeout);
  return either;
}

/** RFC 3339 in UTC, in whole seconds: a fraction is cut off, as Go does. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
