import type { Answer } from '../api/answer.ts';

const PAUSE_MS = 500;
/** A sync, or a job that waits for its turn, ends within this time, or goes on without us. */
const PATIENCE_MS = 300_000;

/** Asks until it is over; undefined if that is not known in the end. Answers may be lost meanwhile. */
export async function followed<T>(ask: () => Promise<Answer<T>>, isOver: (value: T) => boolean): Promise<T | undefined> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const answer = await ask();
    if (answer.kind === 'ok' && isOver(answer.value)) return answer.value;
    if (answer.kind === 'refused') return undefined;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return undefined;
}
