import { yieldTurn } from '../../base/index.ts';

/** Steps, of a few microseconds, between two turns of the event loop. */
const STEPS_PER_TURN = 1_000;
/** Each part of a path is looked up with all before it: characters times themselves, in the time of a step. */
const SQUARES_PER_STEP = 8_000;
const CHARACTERS_PER_STEP = 250;
/** Bytes that are parsed in the time of a step, and what it takes to parse any text at all, in steps. */
const BYTES_PER_STEP = 16;
const STEPS_PER_PARSE = 20;
/** Bytes that are copied to fresh memory in the time of a step. */
const COPIED_PER_STEP = 4_096;

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

  /** Waits before a path of so many characters is followed, or looked up in another way. @throws the signal's reason */
  beforeFollowing(length: number): Promise<void> {
    return this.before(1 + length ** 2 / SQUARES_PER_STEP);
  }

  /** Waits before a name, or a line of text, is looked at. @throws the signal's reason */
  beforeName({ length }: string): Promise<void> {
    return this.before(1 + length / CHARACTERS_PER_STEP);
  }

  /** Waits before so many bytes are parsed. @throws the signal's reason */
  beforeParsing(bytes: number): Promise<void> {
    return this.before(STEPS_PER_PARSE + bytes / BYTES_PER_STEP);
  }

  /** Waits before so many bytes are copied. @throws the signal's reason */
  beforeCopying(bytes: number): Promise<void> {
    return this.before(bytes / COPIED_PER_STEP);
  }
}
