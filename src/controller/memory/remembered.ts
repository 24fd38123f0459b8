import type * as z from 'zod';
import type { Cancellable } from '../../base/index.ts';

/** How a value is remembered as JSON. */
export interface Kind<T> {
  /** Its key in the store. */
  readonly key: string;
  readonly empty: T;
  /** Reads what `toJson` made. */
  readonly schema: z.ZodType<T>;
  /** At most some hundred KiB as text. */
  toJson(value: T): unknown;
  /** What counts after a damaged text. */
  readonly damaged: T;
  /** The value after the stored one was read while the process knew another one. */
  join(stored: T, known: T): T;
}

/** A value that outlasts a restart of the daemon, if there is a place for it. */
export interface Remembered<T> {
  readonly value: T;
  /** Sets the value, and writes it in the background. A write that is lost is not reported. */
  note(value: T): void;
  /**
   * Writes a value, and sets it once it is written.
   * @throws FluxError `memory/not-kept` if there is no place for it; others if it is unknown whether it was written.
   */
  keep(value: T, options?: Cancellable): Promise<void>;
}
