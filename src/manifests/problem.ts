import type { FluxError } from '../base/index.ts';
import type { ResourceId } from '../resource/index.ts';

/** Something wrong with a document or an object of a file, with as much of its place as is known. Numbers count from 1. */
export interface DocumentProblem {
  readonly document?: number;
  readonly item?: number;
  readonly line?: number;
  readonly column?: number;
  readonly id?: ResourceId;
  readonly error: FluxError;
}

export interface FileProblem extends DocumentProblem {
  /** Path from the root of the repository. */
  readonly file: string;
}
