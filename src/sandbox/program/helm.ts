import { join } from 'node:path';
import type { BuildOptions, BuildOutcome, ProgramFiles } from '../../repository/index.ts';
import { createProgramRunner, type ProgramOptions } from './program-runner.ts';

/** Runs `helm template` on files in a private folder, without a cluster, plugins, and the settings of a person. */
export function createHelm(options: ProgramOptions) {
  const runner = createProgramRunner({ ...options, name: 'helm', version: '3', environment: environmentIn });
  return {
    /**
     * With the root of the files as the current folder.
     * @throws what `run` of the runner throws
     */
    template: (args: readonly string[], files: () => Promise<ProgramFiles>, limits: BuildOptions): Promise<BuildOutcome> =>
      runner.run({ args: ['template', ...args], folder: '', files }, limits),
    /** Ends all renderings, and refuses others. */
    close: runner.close,
  };
}

/** Nothing is at these places: Helm creates the folders that it needs. */
function environmentIn(home: string): Readonly<Record<string, string>> {
  return {
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
    HELM_PLUGINS: join(home, 'plugins'),
    KUBECONFIG: '/nonexistent',
  };
}
