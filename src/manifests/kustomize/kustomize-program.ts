import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';

/** Runs `kustomize build`, in a folder that has only the given files, without plugins and network. */
export interface KustomizeProgram {
  /**
   * Asks for the files when it has its turn.
   * @throws the signal's reason; what `files` throws; FluxError if it cannot be run
   */
  build(folder: string, files: () => Promise<ProgramFiles>, options: BuildOptions): Promise<BuildOutcome>;
}
