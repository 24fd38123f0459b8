import { setTimeout as sleep } from 'node:timers/promises';

/** What came of one request that was due at its time, whether or not those before it had been answered. */
export interface Sent<T> {
  readonly answer: T;
  /** From when it was due, not from when it left: what waited behind others has waited. */
  readonly ms: number;
}

/** Sends so many a second for so long, evenly, and waits for all answers. */
export async function openLoop<T>(
  perSecond: number,
  forMs: number,
  send: (number: number) => Promise<T>,
): Promise<readonly Sent<T>[]> {
  const begin = performance.now();
  const all: Promise<Sent<T>>[] = [];
  for (let number = 0; number < (perSecond * forMs) / 1000; number += 1) {
    const due = begin + (number * 1000) / perSecond;
    while (performance.now() < due) await sleep(1);
    all.push(send(number).then((answer) => ({ answer, ms: performance.now() - due })));
  }
  return Promise.all(all);
}

/** The value that this share of all is not above. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Cells of a table: how many, these shares of how long they took, and what was answered. */
export function latencyCells(sent: readonly Sent<number>[], shares: readonly number[]): readonly string[] {
  const times = sent.map(({ ms }) => ms);
  return [String(sent.length), ...shares.map((share) => percentile(times, share).toFixed(1)), countStatuses(sent)];
}

/** How often each status was answered. */
function countStatuses(sent: readonly Sent<number>[]): string {
  const counts = new Map<number, number>();
  for (const { answer } of sent) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} × ${status === 0 ? 'none' : status}`).join(', ');
}
