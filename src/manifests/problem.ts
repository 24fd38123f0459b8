import type { FluxError } from '../base/index.ts';
import type { ResourceId } from '../resource/index.ts';

/** An error or warning for a file, document or object, with its location as far as known. Numbers count from 1. */
export interface DocumentProblem {
  readonly document?: number;
  readonly item?: number;
  readonly line?: number;
  readonly column?: number;
  readonly id?: ResourceId;
  readonly error: FluxError;
}

export interface FileProblem extends DocumentProblem {
  /** Path relative to the repository root. */
  readonly file: string;
}
