import type { Cancellable } from '../../base/index.ts';
import type { CommandFailure } from '../../repository/index.ts';

/** Files for a program, and nothing else that it could read. */
export interface ProgramFiles {
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  /** Symbolic links, all of which lead to a place among the files. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

export type BuildOutcome =
  | { readonly kind: 'built'; readonly output: Buffer }
  /** The end of its standard error: at most 20 lines and 4 KiB. */
  | { readonly kind: 'failed'; readonly failure: CommandFailure; readonly stderr: string };

export interface BuildOptions extends Cancellable {
  readonly timeoutMs: number;
  /** The most that it may print, in bytes; what prints more has failed. */
  readonly outputBytes: number;
}

/** Runs `kustomize build`, in a folder that has only the given files, without plugins and network. */
export interface KustomizeProgram {
  /**
   * Asks for the files when it has its turn.
   * @throws the signal's reason; what `files` throws; FluxError if it cannot be run
   */
  build(folder: string, files: () => Promise<ProgramFiles>, options: BuildOptions): Promise<BuildOutcome>;
}
