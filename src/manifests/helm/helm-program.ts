import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';

/** Runs `helm template` with arguments, in a folder that has only the given files, without plugins, network and cluster. */
export interface HelmProgram {
  template(args: readonly string[], files: () => Promise<ProgramFiles>, options: BuildOptions): Promise<BuildOutcome>;
}
