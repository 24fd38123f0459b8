import type { Cancellable } from './cancellable.ts';
/** Time as a dependency, so that tests control it. Waits, intervals and ages use the monotonic clock. Only this file uses Date, performance and timers. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch, for records; it jumps when it is set. */
  now(): number;
  /** Monotonic time in milliseconds since an arbitrary moment; unaffected by setting the wall clock. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason if aborted before. */
  sleep(ms: number, options?: Cancellable): Promise<void>;
  /** A signal that aborts with a TimeoutError after `ms` milliseconds, or when the given parent aborts, until disposed. */
  deadline(ms: number, parent?: AbortSignal): Deadline;
}

/** Most work ends before its deadline: disposing it clears the timer and the listener on a long-lived parent. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** The maximum delay of a Node timer, about 25 days. Node turns longer ones into 1 ms, so they are capped. */
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

/** A deadline by system timers; it does not keep the process alive. */
export function withDeadline(ms: number, parent?: AbortSignal): Deadline {
  const either = new AbortController();
  const onTimeout = () => end(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
  const onAbort = () => end(parent?.reason);
  // Timers accept only whole milliseconds.
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

/** The wall-clock start of some work, and a function for its end, whose difference is the duration even if the wall clock is set meanwhile. */
export function begin(clock: Clock): { readonly startedAt: number; readonly ended: () => number } {
  const [startedAt, from] = [clock.now(), clock.monotonic()];
  return { startedAt, ended: () => startedAt + Math.round(clock.monotonic() - from) };
}

/** Converts a monotonic time to wall-clock time, for display, in whole milliseconds. */
export function timeOfDay(clock: Pick<Clock, 'now' | 'monotonic'>, moment: number): number {
  return clock.now() + Math.round(moment - clock.monotonic());
}

/** RFC 3339 in UTC, in whole seconds, truncated as in Go. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
