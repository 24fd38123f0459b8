import { yieldTurn } from '../../base/index.ts';

/** Steps, of about two microseconds, between two turns of the event loop. */
const STEPS_PER_TURN = 4_000;
/** Bytes that are parsed in the time of a step. */
const BYTES_PER_STEP = 8;

/** Lets others have their turn of the event loop while much is done in small steps. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #left = STEPS_PER_TURN;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Waits before work of so many steps. @throws the signal's reason */
  async before(steps: number): Promise<void> {
    if (steps > this.#left) {
      await yieldTurn(this.#signal);
      this.#left = STEPS_PER_TURN;
    }
    this.#left -= steps;
  }

  /** Waits before so many bytes are parsed. @throws the signal's reason */
  beforeParsing(bytes: number): Promise<void> {
    return this.before(bytes / BYTES_PER_STEP);
  }
}
