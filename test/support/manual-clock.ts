import type { Clock, Deadline } from '../../src/base/index.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: readonly Sleeper[] = [];
  #deadlines: readonly Sleeper[] = [];

  constructor(now = Date.parse('2030-01-01T00:00:00Z')) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers = [...this.#sleepers, sleeper];
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  deadline(ms: number, parent?: AbortSignal): Deadline {
    const timeout = new AbortController();
    const wake = () => timeout.abort(new DOMException('the deadline has passed', 'TimeoutError'));
    const deadline: Sleeper = { at: this.#now + ms, wake };
    this.#deadlines = [...this.#deadlines, deadline];
    const dispose = () => {
      this.#deadlines = this.#deadlines.filter((other) => other !== deadline);
    };
    const signal = parent ? AbortSignal.any([parent, timeout.signal]) : timeout.signal;
    return { signal, [Symbol.dispose]: dispose };
  }

  /** How many callers are asleep: what a test waits for before it moves the time. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = [...this.#sleepers, ...this.#deadlines].filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    this.#deadlines = this.#deadlines.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }
}
