import { join } from 'node:path';
import { type Clock, FluxError, type Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Kustomize } from '../manifests/index.ts';
import { createKustomize, findProgram } from '../sandbox/index.ts';

/** How folders with a kustomization are built, for all sources. */
export interface KustomizeOfFlags {
  readonly kustomize: Kustomize;
  close(): Promise<void>;
}

interface Options {
  /** For the folders in which kustomize runs. */
  readonly directory: string;
  /** The same in memory. */
  readonly memoryDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Finds kustomize where the flags ask for it, or where a `.flux.yaml` may; undefined if nothing is ever built.
 * @throws FluxError `config/no-kustomize` if `--kustomize=auto` has no program to run
 */
export async function kustomizeOf(
  config: Pick<Config, 'kustomize' | 'generation' | 'syncTimeoutMs'>,
  { directory, memoryDirectory, environment, clock, log }: Options,
): Promise<KustomizeOfFlags | undefined> {
  const auto = config.kustomize === 'auto';
  if (!auto && config.generation === undefined) return undefined;
  const path = await findProgram('kustomize', environment.PATH ?? '');
  if (auto && path === undefined) throw noKustomize();
  const program = createKustomize({
    program: path,
    directory: join(directory, 'kustomize'),
    memoryDirectory: join(memoryDirectory, 'kustomize'),
    clock,
    logger: log,
  });
  // A build that hangs leaves time for all else that a sync does.
  return { kustomize: { program, auto, timeoutMs: config.syncTimeoutMs / 2 }, close: program.close };
}

function noKustomize(): FluxError {
  return new FluxError('--kustomize=auto needs kustomize, and there is none on the PATH', {
    code: 'config/no-kustomize',
    fault: 'user',
    help: 'The image of fluxd has it. Elsewhere, install kustomize 5, or leave out the flag.',
  });
}
