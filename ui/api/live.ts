import { type ReadonlySignal, signal } from '@preact/signals';
import type { ProblemWire } from '../../src/api/wire/index.ts';
import type { Answer } from './answer.ts';
import { news } from './news.ts';

/** What the page knows of something that the daemon serves. What is shown is never taken for newer than it is. */
export type Live<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'current'; readonly value: T }
  /** The daemon does not answer; `value` is of `at`, in milliseconds since the epoch. */
  | { readonly kind: 'stale'; readonly value: T; readonly at: number; readonly problem?: ProblemWire }
  | { readonly kind: 'unreachable'; readonly problem?: ProblemWire }
  | { readonly kind: 'refused'; readonly problem: ProblemWire };

/** Also without news: states change without an event, and the stream may be lost. */
const POLL_MS = 10_000;
/** What a hidden tab knew before that is not shown again. */
const OLD_MS = 30_000;
/** Events come in groups. */
const GATHER_MS = 200;

/**
 * Follows what is read until the signal aborts: it is read at once, after each event, and every ten seconds; in a hidden tab when it is
 * looked at again.
 */
export function follow<T>(read: () => Promise<Answer<T>>, stop: AbortSignal): ReadonlySignal<Live<T>> {
  const live = signal<Live<T>>({ kind: 'loading' });
  let at = 0;
  let isReading = false;
  let isOutdated = false;

  async function update(): Promise<void> {
    isOutdated = true;
    if (isReading) return;
    isReading = true;
    while (isOutdated && !stop.aborted) {
      isOutdated = false;
      const startedAt = Date.now();
      const answer = await read();
      if (stop.aborted) return;
      if (answer.kind === 'ok') at = startedAt;
      live.value = next(live.value, answer, at);
    }
    isReading = false;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void update();
    }, GATHER_MS);
  };
  void update();
  const interval = setInterval(() => document.hidden || void update(), POLL_MS);
  const unsubscribe = news.subscribe((count) => count > 0 && !document.hidden && soon());
  const lookAgain = () => {
    if (document.hidden) return;
    if (Date.now() - at > OLD_MS) live.value = { kind: 'loading' };
    void update();
  };
  document.addEventListener('visibilitychange', lookAgain, { signal: stop });
  stop.addEventListener('abort', () => {
    clearInterval(interval);
    clearTimeout(timer);
    unsubscribe();
  });
  return live;
}

function next<T>(before: Live<T>, answer: Answer<T>, at: number): Live<T> {
  switch (answer.kind) {
    case 'ok':
      return { kind: 'current', value: answer.value };
    case 'refused':
      return answer;
    case 'unreachable':
      return 'value' in before ? { ...answer, kind: 'stale', value: before.value, at } : answer;
  }
}
