import type { Clock } from '../../base/index.ts';

/**
 * A step may be slow for good reasons: the API server may request pauses of five minutes, a repository may be large. Every response is
 * progress and has its own timeout, far below this limit. The timeouts of the flags are added to it.
 */
const LONGEST_SILENCE_MS = 30 * 60_000;

/** Detects a stuck loop. The loop reports its steps, and its collaborators report each completed call. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #doing = 'starting';
  /** Deadline of the next progress report, by the monotonic clock. */
  #lastSign: number;

  /** @param extraMs The timeouts of the flags, by which a single call may exceed the usual limit. */
  constructor(clock: Clock, extraMs: number) {
    this.#clock = clock;
    this.#limitMs = LONGEST_SILENCE_MS + extraMs;
    this.#lastSign = clock.monotonic();
  }

  /** Reports the start of a step. */
  begin(step: string): void {
    this.#doing = `in step "${step}"`;
    this.beat();
  }

  /** Reports progress. */
  beat(): void {
    this.#lastSign = this.#clock.monotonic();
  }

  /** Reports that the loop sleeps for this time. */
  rest(ms: number): void {
    this.#doing = 'asleep, and was to wake up before';
    this.#lastSign = this.#clock.monotonic() + ms;
  }

  /** One sentence if the loop is stuck. */
  stuck(): string | undefined {
    const silentMs = this.#clock.monotonic() - this.#lastSign;
    if (silentMs <= this.#limitMs) return undefined;
    return `the loop has done nothing for ${Math.floor(silentMs / 60_000)} minutes; it is ${this.#doing}`;
  }
}
