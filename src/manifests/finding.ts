import type { KubeObject } from '../resource/index.ts';
import type { DocumentProblem } from './problem.ts';

export interface ParsedObject {
  readonly object: KubeObject;
  readonly checksum: string;
  readonly document: number;
  readonly line: number;
  readonly item?: number;
  /** About what the object takes of the heap. */
  readonly bytes: number;
}

/** One thing that reading a file comes upon, in the order of the file. */
export type Finding =
  | { readonly kind: 'object'; readonly object: ParsedObject; readonly isExact: boolean }
  | { readonly kind: 'error' | 'warning'; readonly problem: DocumentProblem };

/** What a file holds, whatever its path; kept by blob id. */
export interface ParsedFile {
  readonly objects: readonly ParsedObject[];
  readonly errors: readonly DocumentProblem[];
  readonly warnings: readonly DocumentProblem[];
}

/** A file of which nothing is read, and why. */
export function refusedFile(error: DocumentProblem['error']): ParsedFile {
  return { objects: [], errors: [{ error }], warnings: [] };
}
