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
  /** What somebody who set the time has put it ahead by. */
  #set = 0;
  /** How fast the time of day goes. */
  #rate = 1;

  constructor(now = Date.parse('2030-01-01T00:00:00Z')) {
    this.#now = now;
  }

  now(): number {
    return this.#now * this.#rate + this.#set;
  }

  monotonic(): number {
    return this.#now;
  }

  /** As somebody does who sets the time of the machine; nobody wakes by it. */
  setBy(ms: number): void {
    this.#set += ms;
  }

  /** As on a machine whose time of day stands still (0), or goes too fast. */
  goAt(rate: number): void {
    this.#set += this.#now * (this.#rate - rate);
    this.#rate = rate;
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
