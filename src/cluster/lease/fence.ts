import { type Clock, FluxError } from '../../base/index.ts';

/** A time by both clocks of this machine. */
export interface Moment {
  readonly monotonic: number;
  readonly now: number;
}

export function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), now: clock.now() };
}

/**
 * Checked before every write. It is open until an election closes it, and then only as long as the lease is certainly held: a process
 * that was paused for longer finds it closed without any request. Both clocks have to agree, because the monotonic clock may stop while a
 * machine sleeps, and the wall clock may be set back.
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

  /** How long it stays open without a renewal. */
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
    throw new FluxError('write blocked: this daemon does not hold the lease of its source', {
      code: 'lease/not-held',
      help: 'Another daemon may write now. This one continues when it holds the lease again.',
    });
  };
}
