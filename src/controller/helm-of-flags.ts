import { join } from 'node:path';
import type { Clock, Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Helm } from '../manifests/index.ts';
import { createHelm, findProgram } from '../sandbox/index.ts';
import type { Cluster } from './ports/cluster.ts';

/** How charts are rendered, for all sources. */
export interface HelmOfFlags {
  readonly helm: Helm;
  close(): Promise<void>;
}

interface Options {
  /** For the folders in which Helm runs. */
  readonly directory: string;
  /** The same in memory. */
  readonly memoryDirectory: string;
  readonly cluster: Pick<Cluster, 'capabilities'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Finds Helm where a `.flux.yaml` may name a chart; undefined elsewhere. Without the program, such a unit says so. */
export async function helmOf(
  config: Pick<Config, 'generation' | 'syncTimeoutMs'>,
  { directory, memoryDirectory, cluster, environment, clock, log }: Options,
): Promise<HelmOfFlags | undefined> {
  if (config.generation === undefined) return undefined;
  const program = createHelm({
    program: await findProgram('helm', environment.PATH ?? ''),
    directory: join(directory, 'helm'),
    memoryDirectory: join(memoryDirectory, 'helm'),
    clock,
    logger: log,
  });
  // A rendering that hangs leaves time for all else that a sync does.
  return { helm: { program, capabilities: cluster.capabilities, timeoutMs: config.syncTimeoutMs / 2 }, close: program.close };
}
