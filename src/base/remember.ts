import type { Clock } from './clock.ts';

/** Asks at most once in `ms` milliseconds, however many want to know; a failure is remembered like an answer. */
export function remember<T>(ask: () => Promise<T>, ms: number, clock: Clock): () => Promise<T> {
  let asked: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    const now = clock.monotonic();
    if (!asked || now - asked.at >= ms) asked = { at: now, answer: ask() };
    return asked.answer;
  };
}
