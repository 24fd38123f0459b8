import type { Clock } from '../../base/index.ts';

interface Turn {
  /** Requested meanwhile; the last request applies. */
  next?: () => void;
}

/**
 * Rate-limits requested work by name: it runs at once, and again at the earliest after an interval, once for all requests meanwhile. No
 * request is lost.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #apartMs: number;
  readonly #turns = new Map<string, Turn>();

  constructor(clock: Clock, apartMs: number) {
    this.#clock = clock;
    this.#apartMs = apartMs;
  }

  run(name: string, work: () => void): void {
    const turn = this.#turns.get(name);
    if (turn) turn.next = work;
    else this.#start(name, work);
  }

  #start(name: string, work: () => void): void {
    const turn: Turn = {};
    this.#turns.set(name, turn);
    work();
    void this.#clock.sleep(this.#apartMs).then(() => {
      this.#turns.delete(name);
      if (turn.next) this.#start(name, turn.next);
    });
  }
}
