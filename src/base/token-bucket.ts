import type { Clock } from './clock.ts';

/** A token bucket: a burst at once, then one token after another at a steady rate. */
export class TokenBucket {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor(clock: Pick<Clock, 'monotonic'>, burst: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = clock.monotonic();
  }

  /**
   * Takes one token, and returns how long to wait before using it, in milliseconds. A negative balance reserves a place in the queue:
   * later callers wait longer. The bucket has filled at the rate given here since the last call.
   */
  take(perSecond: number): number {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond) - 1;
    this.#filledAt = now;
    return this.#tokens < 0 ? (-this.#tokens / perSecond) * 1000 : 0;
  }
}
