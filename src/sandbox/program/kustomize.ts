import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';
import { createProgramRunner, type ProgramOptions } from './program-runner.ts';

/** Runs `kustomize build` on files in a private folder. */
export function createKustomize(options: ProgramOptions) {
  const runner = createProgramRunner({ ...options, name: 'kustomize', version: '5' });
  return {
    /** @throws what `run` of the runner throws */
    build: (folder: string, files: () => Promise<ProgramFiles>, limits: BuildOptions): Promise<BuildOutcome> =>
      runner.run({ args: ['build', '.'], folder, files }, limits),
    /** Ends all builds, and refuses others. */
    close: runner.close,
  };
}
