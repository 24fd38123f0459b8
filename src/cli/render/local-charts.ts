import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpTransport, silentLogger } from '../../base/index.ts';
import { type ChartArchives, createChartArchives } from '../../registry-watch/index.ts';
import type { Session } from '../session.ts';

/** Where charts may come from, besides public hosts. */
export interface ChartHostFlags {
  readonly helmInternalHost?: readonly string[];
  readonly registryInsecureHost?: readonly string[];
}

/** Fetches charts as the person who calls: with the credentials of their Docker configuration. */
export interface LocalCharts extends AsyncDisposable {
  readonly archives: ChartArchives;
}

/** As fluxd has them by default. */
const LIMITS = { rps: 50, burst: 10 };

/** What is fetched is remembered for one call. */
export async function openLocalCharts(session: Session, flags: ChartHostFlags): Promise<LocalCharts> {
  const { env, clock, version } = session;
  const directory = await mkdtemp(join(tmpdir(), 'fluxctl-charts-'));
  const http = createHttpTransport({ userAgent: `fluxctl/${version}`, proxyEnvironment: env });
  const dockerConfigFile = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
  const archives = createChartArchives({
    ...LIMITS,
    http,
    clock,
    log: silentLogger(),
    directory,
    internalHosts: flags.helmInternalHost ?? [],
    insecureHosts: flags.registryInsecureHost ?? [],
    ...(existsSync(dockerConfigFile) ? { dockerConfigFile } : {}),
    readFile: (path) => readFile(path, 'utf8'),
  });
  return {
    archives,
    async [Symbol.asyncDispose]() {
      http.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
