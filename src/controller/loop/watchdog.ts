import type { Clock } from '../../base/index.ts';

/**
 * A step may be slow for good reasons: the API server may ask for pauses of five minutes, a repository may be large. Every
 * answer is progress, and each is waited for by a deadline of its own; the longest is far below this. What is added to it are
 * the limits that the flags set.
 */
const LONGEST_SILENCE_MS = 30 * 60_000;

/** Whether the loop gets on. The loop tells what it does; whoever works for it tells of each thing done. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #doing = 'starting';
  /** The loop owes no sign of life before this time, by the monotonic clock. */
  #lastSign: number;

  /** @param extraMs Time that a step may take in one go by the flags, beyond what always holds. */
  constructor(clock: Clock, extraMs: number) {
    this.#clock = clock;
    this.#limitMs = LONGEST_SILENCE_MS + extraMs;
    this.#lastSign = clock.monotonic();
  }

  /** A step begins. */
  begin(step: string): void {
    this.#doing = `in step "${step}"`;
    this.beat();
  }

  /** Something was done. */
  beat(): void {
    this.#lastSign = this.#clock.monotonic();
  }

  /** Nothing is to be done for so long. */
  rest(ms: number): void {
    this.#doing = 'asleep, and was to wake up before';
    this.#lastSign = this.#clock.monotonic() + ms;
  }

  /** One sentence when the loop is stuck. */
  stuck(): string | undefined {
    const silentMs = this.#clock.monotonic() - this.#lastSign;
    if (silentMs <= this.#limitMs) return undefined;
    return `the loop has done nothing for ${Math.floor(silentMs / 60_000)} minutes; it is ${this.#doing}`;
  }
}
