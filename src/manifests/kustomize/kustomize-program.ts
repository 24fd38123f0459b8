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

/** Runs `kustomize build`, in a folder that has only the given files, without plugins and network. */
export interface KustomizeProgram {
  /** @throws the signal's reason; FluxError if it cannot be started */
  build(folder: string, files: ProgramFiles, options: Cancellable & { readonly timeoutMs: number }): Promise<BuildOutcome>;
}
