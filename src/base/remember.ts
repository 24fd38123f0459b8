import type { Clock } from './clock.ts';

/** Caches a result for `ms` milliseconds for all callers; a failure is cached as well. */
export function remember<T>(ask: () => Promise<T>, ms: number, clock: Pick<Clock, 'monotonic'>): () => Promise<T> {
  let asked: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    const now = clock.monotonic();
    if (!asked || now - asked.at >= ms) asked = { at: now, answer: ask() };
    return asked.answer;
  };
}
