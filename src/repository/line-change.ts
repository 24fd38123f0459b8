import type { Revision } from './revision.ts';

/** Lines of a file in a revision, counted from 1. */
export interface LineRange {
  readonly revision: Revision;
  /** Path relative to the repository root. */
  readonly file: string;
  readonly from: number;
  /** The last line, included. */
  readonly to: number;
}

/** The commit that last changed a line. */
export interface LineChange {
  readonly line: number;
  readonly revision: Revision;
  readonly author: string;
  /** When it was committed, in milliseconds since the epoch. */
  readonly at: number;
  readonly subject: string;
}
