import type { Cancellable } from '../base/index.ts';
import type { ProcessFailure } from './command-run.ts';

/** Files for a program, and nothing else that it could read. Paths are relative, and stay below the root. */
export interface ProgramFiles {
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  /** Symbolic links, all of which lead to a place among the files. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
  /** Set if some of them were decrypted, or are of Secrets: they are written to memory alone. */
  readonly isConfidential?: boolean;
}

export interface BuildOptions extends Cancellable {
  readonly timeoutMs: number;
  /** The most that it may print, in bytes; what prints more has failed. */
  readonly outputBytes: number;
  /** Whether its files may have to wait for a key service: they are then got before it has its turn, which others wait for. */
  readonly filesMayWait?: boolean;
}

export type BuildOutcome =
  | { readonly kind: 'built'; readonly output: Buffer }
  /** The end of its standard error: at most 20 lines and 4 KiB. */
  | { readonly kind: 'failed'; readonly failure: ProcessFailure; readonly stderr: string };
