import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, createHttpTransport, type Logger } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Helm } from '../manifests/index.ts';
import { createChartArchives } from '../registry-watch/index.ts';
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
  readonly version: string;
  /** Called for each request for a chart with its status, which is absent without a response. */
  readonly onRequest: (status: number | undefined) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

type HelmFlags = Pick<
  Config,
  | 'generation'
  | 'syncTimeoutMs'
  | 'dockerConfig'
  | 'helmInternalHosts'
  | 'registryInsecureHosts'
  | 'registryRps'
  | 'registryBurst'
  | 'registryTrace'
>;

/** Finds Helm where a `.flux.yaml` may name a chart; undefined elsewhere. Without the program, such a unit says so. */
export async function helmOf(
  config: HelmFlags,
  { directory, memoryDirectory, cluster, environment, version, onRequest, clock, log }: Options,
): Promise<HelmOfFlags | undefined> {
  if (config.generation === undefined) return undefined;
  const program = createHelm({
    program: await findProgram('helm', environment.PATH ?? ''),
    directory: join(directory, 'helm'),
    memoryDirectory: join(memoryDirectory, 'helm'),
    clock,
    logger: log,
  });
  const http = createHttpTransport({ userAgent: `fluxd/${version}`, proxyEnvironment: environment });
  const archives = createChartArchives({
    http,
    clock,
    log,
    directory: join(directory, 'charts'),
    internalHosts: config.helmInternalHosts,
    insecureHosts: config.registryInsecureHosts,
    // So that a host that hangs leaves time for all else.
    patienceMs: config.syncTimeoutMs / 4,
    rps: config.registryRps,
    burst: config.registryBurst,
    trace: config.registryTrace,
    onRequest,
    ...(config.dockerConfig === undefined ? {} : { dockerConfigFile: config.dockerConfig }),
    readFile: (path) => readFile(path, 'utf8'),
    environment,
  });
  return {
    // A rendering that hangs leaves time for all else that a sync does.
    helm: { program, archives, capabilities: cluster.capabilities, timeoutMs: config.syncTimeoutMs / 2 },
    async close() {
      await program.close();
      http.close();
    },
  };
}
