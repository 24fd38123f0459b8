import type { Difference } from './compare.ts';

export interface RoundResult {
  readonly tried: number;
  /** Streams of which both read the same values. */
  readonly read: number;
  /** How often each intended difference was met. */
  readonly intended: Readonly<Record<string, number>>;
  /** All others, shrunk. */
  readonly differences: readonly Difference[];
}
