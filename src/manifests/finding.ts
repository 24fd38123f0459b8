import type { KubeObject } from '../resource/index.ts';
import type { DocumentProblem } from './problem.ts';

export interface ParsedObject {
  readonly object: KubeObject;
  readonly checksum: string;
  readonly document: number;
  readonly line: number;
  readonly item?: number;
  /** The file that kustomize says it is from, relative to the folder that was built. */
  readonly origin?: string;
  /** Approximate heap size of the object. */
  readonly bytes: number;
}

/** One result of reading a file, in the order of the file. */
export type Finding =
  | { readonly kind: 'object'; readonly object: ParsedObject; readonly isExact: boolean }
  | { readonly kind: 'error' | 'warning'; readonly problem: DocumentProblem };

/** The content of a file independent of its path; cached by blob id. */
export interface ParsedFile {
  readonly objects: readonly ParsedObject[];
  readonly errors: readonly DocumentProblem[];
  readonly warnings: readonly DocumentProblem[];
  /** Set if decrypted files, or values of Secrets, went into it. */
  readonly isConfidential?: boolean;
}

/** The result for a file that is refused as a whole. */
export function refusedFile(error: DocumentProblem['error']): ParsedFile {
  return { objects: [], errors: [{ error }], warnings: [] };
}
