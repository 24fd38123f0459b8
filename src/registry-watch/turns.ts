/** A repository that waits for its next scan. Times are of the monotonic clock. */
export interface Waiting {
  /** When the scan is due. */
  readonly nextAt: number;
  /** Until when it was postponed, because the budget of its host must last. */
  readonly heldUntil: number;
}

/** The requests for tag lists that repositories share. */
export interface Queue {
  /** When the next list has its turn; infinite if others decide. */
  readonly opensAt: number;
  /** Milliseconds from one request to the next. */
  readonly spacingMs: number;
}

export interface Queues<T> {
  /** The same for all repositories in a queue. */
  readonly keyOf: (entry: T) => string;
  /** The queue of a repository; undefined if its host does not count tag lists. */
  readonly queueOf: (entry: T) => Queue | undefined;
  /** Requests that the tag list of a repository takes: a list of several waits for all of them. */
  readonly requestsOf: (entry: T) => number;
}

/**
 * Which repositories are due, the longest waiting first, and when the next one is. Of those in a queue, one at a time is: each request
 * changes when the next may be sent.
 */
export function inTurn<T extends Waiting>(
  waiting: readonly T[],
  now: number,
  queues: Queues<T>,
): { readonly due: readonly T[]; readonly nextAt: number | undefined } {
  const queueOf = remembering(queues);
  const begun = new Set<Queue>();
  const due: T[] = [];
  let nextAt: number | undefined;
  for (const entry of waiting.toSorted((a, b) => a.nextAt - b.nextAt)) {
    const ready = Math.max(entry.nextAt, entry.heldUntil);
    const queue = ready <= now ? queueOf(entry) : undefined;
    if (queue && begun.has(queue)) continue;
    if (queue) begun.add(queue);
    const at = Math.max(ready, queue?.opensAt ?? ready);
    if (at <= now) due.push(entry);
    else if (Number.isFinite(at)) nextAt = Math.min(nextAt ?? at, at);
  }
  return { due, nextAt };
}

/** When each repository is expected to be scanned next, those in a queue one after the other; infinite if that cannot be known. */
export function expectedTurns<T extends Waiting>(waiting: readonly T[], now: number, queues: Queues<T>): ReadonlyMap<T, number> {
  const queueOf = remembering(queues);
  const next = new Map<Queue, number>();
  const turns = new Map<T, number>();
  for (const entry of waiting.toSorted((a, b) => a.nextAt - b.nextAt)) {
    const ready = Math.max(entry.nextAt, entry.heldUntil, now);
    const queue = queueOf(entry);
    const turn = Math.max(ready, queue ? (next.get(queue) ?? queue.opensAt) : ready);
    const at = turn + (queue ? (queues.requestsOf(entry) - 1) * queue.spacingMs : 0);
    if (queue) next.set(queue, at + queue.spacingMs);
    turns.set(entry, at);
  }
  return turns;
}

/** Asks for each queue once. */
function remembering<T>({ keyOf, queueOf }: Queues<T>): (entry: T) => Queue | undefined {
  const known = new Map<string, Queue | undefined>();
  return (entry) => {
    const key = keyOf(entry);
    if (!known.has(key)) known.set(key, queueOf(entry));
    return known.get(key);
  };
}
