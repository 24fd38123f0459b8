import type { BuildOptions, BuildOutcome } from '../../repository/index.ts';
import { createProgramRunner, type ProgramOptions } from './program-runner.ts';

export interface GpgOptions extends ProgramOptions {
  /** Directory of its keys and of the agent that holds the private ones. */
  readonly home: string;
}

/** Runs `gpg --decrypt` from a pipe to a pipe: no file has what is encrypted or clear. */
export function createGpg({ home, ...options }: GpgOptions) {
  const runner = createProgramRunner({ ...options, name: 'gpg', version: '2.2' });
  const args = ['--batch', '--no-tty', '--quiet', '--status-fd=2', '--decrypt'];
  return {
    /** @throws what `run` of the runner throws */
    decrypt: (content: Buffer, limits: BuildOptions): Promise<BuildOutcome> =>
      runner.run(
        {
          args,
          folder: '',
          files: async () => ({ files: [], links: [] }),
          input: content,
          environment: { GNUPGHOME: home },
        },
        limits,
      ),
    /** Ends all runs, and refuses others. */
    close: runner.close,
  };
}
