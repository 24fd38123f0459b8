import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FluxError, silentLogger } from '../../base/index.ts';
import { faultOfVariable } from '../../config/index.ts';
import type { Generation } from '../../manifests/index.ts';
import { createChildProcessRunner } from '../../sandbox/index.ts';
import { usageError } from '../errors.ts';
import type { Session } from '../session.ts';
import { say } from '../style.ts';

type Runner = Generation['runner'];

/** Runs the commands of a repository on this machine. */
export interface LocalCommands extends AsyncDisposable {
  readonly runner: Runner;
}

/** Runs nothing: a unit that needs commands is not rendered. */
export const NO_COMMANDS: Runner = {
  run: () =>
    Promise.reject(
      new FluxError('not rendered: needs --allow-commands', {
        code: 'cli/commands-not-allowed',
        fault: 'user',
        help: 'The commands of .flux.yaml files run as you, without a sandbox. Allow them for a repository that you trust.',
      }),
    ),
};

/** Runs commands as child processes, in temporary copies of the files, and says so before the first one. */
export async function openLocalCommands(session: Session): Promise<LocalCommands> {
  const { env, clock } = session;
  const directory = await mkdtemp(join(tmpdir(), 'fluxctl-render-'));
  const runner = createChildProcessRunner({
    directory: join(directory, 'commands'),
    path: env.PATH ?? '',
    clock,
    logger: silentLogger(),
  });
  let isSaid = false;
  return {
    runner: {
      async run(run, options) {
        if (!isSaid) say(session, 'Warning', 'commands of the repository run as you, without a sandbox (--allow-commands)');
        isSaid = true;
        return runner.run(run, options);
      },
    },
    async [Symbol.asyncDispose]() {
      await runner.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * The variables that commands see, by their names; one that is not set is named.
 * @throws FluxError `cli/usage` for a name that commands cannot be given
 */
export function variablesOf(session: Session, names: readonly string[]): Readonly<Record<string, string>> {
  const found = names.map((name) => {
    const fault = faultOfVariable(name);
    if (fault !== undefined) throw usageError(`invalid argument ${JSON.stringify(name)} for "--generation-env" flag: ${fault}`);
    const value = session.env[name];
    if (value === undefined) say(session, 'Warning', `there is no environment variable ${name} (--generation-env)`);
    return [name, value] as const;
  });
  return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
