import { type Clock, FluxError } from '../../base/index.ts';

/** A moment by both clocks of this machine. */
export interface Moment {
  readonly monotonic: number;
  readonly now: number;
}

export function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), now: clock.now() };
}

/**
 * Asked before everything that is written. It stands open until an election closes it, and then lets through for as long as a
 * lease is surely held: whoever was stopped for longer (a paused process or machine) finds it shut without asking anybody. Both
 * clocks have to agree, because an even one may stand still while a machine sleeps, and the other may be set back.
 */
export class Fence {
  readonly #clock: Clock;
  #until: Moment | 'ever' | 'never' = 'ever';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOpen(): boolean {
    if (typeof this.#until === 'string') return this.#until === 'ever';
    return this.remainingMs > 0;
  }

  /** How long it stays open if nothing happens. */
  get remainingMs(): number {
    if (this.#until === 'ever') return Number.POSITIVE_INFINITY;
    if (this.#until === 'never') return 0;
    const { monotonic, now } = momentOf(this.#clock);
    return Math.max(0, Math.min(this.#until.monotonic - monotonic, this.#until.now - now));
  }

  open(): void {
    this.#until = 'ever';
  }

  openFor(ms: number, since: Moment): void {
    this.#until = { monotonic: since.monotonic + ms, now: since.now + ms };
  }

  close(): void {
    this.#until = 'never';
  }

  /** @throws FluxError `lease/not-held`. */
  readonly check = (): void => {
    if (this.isOpen) return;
    throw new FluxError('nothing is written: this daemon does not hold the lease of its source now', {
      code: 'lease/not-held',
      help: 'Another daemon may write by now. This one goes on when it holds the lease again.',
    });
  };
}
