import { join } from 'node:path';
import { type Clock, FluxError, type Logger, messageOf } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Generation } from '../manifests/index.ts';
import type { Sandboxes } from '../repository/index.ts';
import { byFolder, createChildProcessRunner, createContainerRunner } from '../sandbox/index.ts';
import { networkRunnerOf } from './network-sandbox.ts';

/** Manifest generation for all sources, and what confines their commands. */
export interface GenerationOfFlags {
  readonly generation: Generation;
  readonly layers: () => Sandboxes;
  close(): Promise<void>;
}

interface Options {
  /** For the copies in which child processes run. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The folder that the pod shares with its sandbox container has this socket. */
const SOCKET = '/run/flux-sandbox/socket';

/**
 * How folders with a `.flux.yaml` are rendered by the flags; undefined if they are not.
 * @throws FluxError `config/no-sandbox`
 */
export async function generationOf(
  config: Pick<Config, 'generation' | 'syncTimeoutMs'>,
  { directory, environment, clock, log }: Options,
): Promise<GenerationOfFlags | undefined> {
  const generation = config.generation;
  if (generation === undefined) return undefined;
  const runner =
    generation.sandbox === 'best-effort'
      ? createChildProcessRunner({ directory: join(directory, 'commands'), path: environment.PATH ?? '', clock, logger: log })
      : await createContainerRunner({ socket: SOCKET, required: true, clock, logger: log }).catch((error: unknown) => {
          throw noSandbox(error);
        });
  if (generation.sandbox === 'best-effort')
    log.warn({}, 'commands of the repository run as this user, without a sandbox (--generation-sandbox=best-effort)');
  const networkRunner = networkRunnerOf(generation, { clock, log });
  const variables = generation.variables.flatMap((name) => {
    const value = environment[name];
    if (value === undefined) log.warn({ name }, 'fluxd has no such environment variable (--generation-env)');
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    generation: {
      runner: networkRunner ? byFolder({ folders: generation.networkFolders, inside: networkRunner, outside: runner }) : runner,
      environment: Object.fromEntries(variables),
      // A command that hangs leaves time for all else that a sync does.
      timeoutMs: config.syncTimeoutMs / 2,
    },
    layers: () => ({
      sandbox: runner.layers(),
      ...(networkRunner ? { networkSandbox: networkRunner.layers() } : {}),
    }),
    async close() {
      await Promise.all([runner.close(), networkRunner?.close()]);
    },
  };
}

function noSandbox(cause: unknown): FluxError {
  return new FluxError(`no sandbox for --manifest-generation: cannot listen on ${SOCKET}: ${messageOf(cause)}`, {
    code: 'config/no-sandbox',
    fault: 'user',
    help: 'Install the chart with manifestGeneration=true, which adds the sandbox container and the folder that both share. On a machine of your own, --generation-sandbox=best-effort runs the commands as your user.',
    cause,
  });
}
