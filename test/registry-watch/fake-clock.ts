import { type Clock, type Deadline, systemClock } from '../../src/base/index.ts';

/** Time that passes only when the test says so. Whoever sleeps past the new time wakes. */
export class FakeClock implements Clock {
  #now = Date.UTC(2024, 5, 1);
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      const abort = () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** When the first of those who sleep wants to wake. */
  get nextWaking(): number {
    return Math.min(...this.#sleepers.map(({ at }) => at));
  }

  /** In real time: registries of tests answer at once. */
  readonly deadline: Clock['deadline'] = systemClock.deadline;

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }
}

/** One whose deadlines pass only when the test says so, as well. */
export class DeadlineClock extends FakeClock {
  override readonly deadline = (ms: number, parent?: AbortSignal): Deadline => {
    const [timeout, disposed] = [new AbortController(), new AbortController()];
    void this.sleep(ms, { signal: disposed.signal }).then(
      () => timeout.abort(new DOMException('the deadline has passed', 'TimeoutError')),
      () => undefined,
    );
    const signal = parent ? AbortSignal.any([parent, timeout.signal]) : timeout.signal;
    return { signal, [Symbol.dispose]: () => disposed.abort() };
  };
}
