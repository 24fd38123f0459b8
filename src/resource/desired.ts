import type { FluxError } from '../base/index.ts';
import type { ResourceId } from './id.ts';
import type { Manifest } from './manifest.ts';

/** Something wrong with a file, a document or an object, with as much of its place as is known. Numbers count from 1. */
export interface Problem {
  /** Path from the root of the repository. */
  readonly file?: string;
  readonly document?: number;
  readonly item?: number;
  readonly line?: number;
  readonly column?: number;
  readonly id?: ResourceId;
  readonly error: FluxError;
}

/** What one revision of the repository wants. */
export interface DesiredState {
  readonly manifests: readonly Manifest[];
  /** Rejected files, documents and objects; everything else is in `manifests`. */
  readonly errors: readonly Problem[];
  /** Read, but worth a line: a key given twice, a document without kind. */
  readonly warnings: readonly Problem[];
}
