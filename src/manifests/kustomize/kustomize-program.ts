import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';

/** Runs `kustomize build`, in a folder that has only the given files, without plugins and network. */
export interface KustomizeProgram {
  /**
   * Asks for the files when it has its turn.
   * @throws the signal's reason; what `files` throws; FluxError if it cannot be run
   */
  build(folder: string, files: () => Promise<ProgramFiles>, options: BuildOptions): Promise<BuildOutcome>;
}

/** How folders with a kustomization are rendered. */
export interface Kustomize {
  readonly program: KustomizeProgram;
  /** Whether each that no other kustomization refers to is built; without it, those that a `.flux.yaml` names. */
  readonly auto: boolean;
  /** The longest that a build may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether each object says which file it is from; each unit is built twice then. */
  readonly origins?: boolean;
  /** Whether errors show what kustomize printed, also where it quotes files. */
  readonly verbatim?: boolean;
}
