import type { Clock, Deadline } from '../../src/base/index.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is moved; it tells when the next one who sleeps, or a deadline, is due. */
export class VirtualClock implements Clock {
  /** The real time to begin with: certificates are checked against it. */
  #now = Date.now();
  readonly #sleepers = new Set<Sleeper>();
  /** Goes up with everything that happens here. */
  activity = 0;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const forget = this.#at(this.#now + ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      const onAbort = () => {
        forget();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  deadline(ms: number, parent?: AbortSignal): Deadline {
    const timeout = new AbortController();
    const forget = this.#at(this.#now + ms, () => timeout.abort(new DOMException('the deadline has passed', 'TimeoutError')));
    return { signal: parent ? AbortSignal.any([parent, timeout.signal]) : timeout.signal, [Symbol.dispose]: forget };
  }

  /** When the next one is due; undefined when nobody waits. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#sleepers) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Moves the time, and wakes those who are due. */
  moveTo(time: number): void {
    this.#now = Math.max(this.#now, time);
    this.activity += 1;
    const due = [...this.#sleepers].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const sleeper of due) {
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }

  #at(at: number, wake: () => void): () => void {
    const sleeper = { at, wake };
    this.#sleepers.add(sleeper);
    this.activity += 1;
    return () => {
      this.#sleepers.delete(sleeper);
      this.activity += 1;
    };
  }
}
