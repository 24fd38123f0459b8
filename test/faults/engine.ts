import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { createLogger, createMetrics } from '../../src/base/index.ts';
import { createCluster, Fence } from '../../src/cluster/index.ts';
import { type Config, parseFlags } from '../../src/config/index.ts';
import type { Daemon } from '../../src/controller/daemon/daemon.ts';
import { startEngines } from '../../src/controller/engines.ts';
import type { TakePart } from '../../src/controller/ports/election.ts';
import type { Source } from '../../src/controller/ports/source.ts';
import { NO_DEPLOY_KEY, syncSetName } from '../../src/git/index.ts';
import type { KubernetesOptions } from '../../src/sim/index.ts';
import { createRepository, type Repository } from './repository.ts';
import { type Site, startSite } from './world.ts';

const MINUTE = 60_000;

/** A line of the log, with the virtual time at which it was written. */
export interface LogLine {
  readonly at: number;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The whole engine as `fluxd` puts it together, between a repository in memory and an embedded Kubernetes behind the proxy. */
export interface Engine extends Site {
  readonly repository: Repository;
  readonly daemon: Daemon;
  readonly log: readonly LogLine[];
  /** Lines of metrics in Prometheus' text format. */
  metrics(): Promise<readonly string[]>;
  /** True while its loop runs. */
  running(): boolean;
  /** Asks for a sync, lets time go by until it is done, and answers what it came to. */
  sync(): Promise<ReturnType<Daemon['sync']>>;
  /** Stops it before the test ends, so that another engine may start at its site. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  readonly kubernetes?: KubernetesOptions;
  /** Of fluxd, beside those that every test has. */
  readonly flags?: readonly string[];
  /** Of an engine that was stopped. */
  readonly site?: Site;
  /** Called before the engine starts. */
  readonly before?: (site: Site) => void | Promise<void>;
  /** Instead of the repository's own. */
  readonly source?: Source;
  /** Its source waits for time to go by, as for the answer to a lost request. */
  readonly sourceWaits?: true;
  /** What is on its way besides: time stands still until it is done. */
  readonly pending?: () => number;
}

export async function startEngine(files: Readonly<Record<string, string>>, options: EngineOptions = {}): Promise<Engine> {
  const repository = createRepository(files);
  let pending = 0;
  const source = counted(options.source ?? repository.source, (change) => {
    if (!options.sourceWaits) pending += change;
  });
  const work = { pending: () => pending + (options.pending?.() ?? 0) };
  const site = options.site ?? (await startSite(options.kubernetes, work));
  await options.before?.(site);
  const { clock, proxy, time } = site;
  const lines: LogLine[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push({ ...JSON.parse(String(chunk)), at: clock.now() });
      done();
    },
  });
  const log = await createLogger({ format: 'json', destination });
  const metrics = await createMetrics({ version: 'faults' });
  const cluster = await createCluster({
    kubeconfigFile: proxy.kubeconfig,
    excludeResources: [],
    clock,
    log,
    onRequest: metrics.kubernetesRequest,
    onEvent: metrics.kubernetesEvent,
  });
  const config = parse(['--git-url=https://git.example.org/shop.git', '--registry-disable-scanning', ...(options.flags ?? [])]);
  const [{ name, url }] = config.sources;
  const fence = new Fence(clock);
  const engine = startEngines({
    config,
    version: 'faults',
    environment: {},
    sources: [
      {
        name,
        url,
        source,
        deployKey: NO_DEPLOY_KEY,
        fence,
        memory: cluster.memory({ syncSet: syncSetName(source), fence }),
        takePart: leadAlways,
      },
    ],
    cluster,
    metrics,
    clock,
    log,
  });
  let running = true;
  const ended = engine.ended.finally(() => {
    running = false;
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= engine.stop().then(() => ended);
    return stopped;
  };
  onTestFinished(stop);
  const { daemon } = engine;
  return {
    ...site,
    repository,
    daemon,
    log: lines,
    metrics: async () => (await metrics.render()).body.split('\n'),
    running: () => running,
    stop,
    async sync() {
      const { id } = daemon.startSync();
      await time.until('the sync is done', () => daemon.sync(id).state === 'done', 60 * MINUTE);
      return daemon.sync(id);
    },
  };
}

/** Without an election. */
const leadAlways: TakePart = async ({ onLead }, signal) => onLead(signal, { afterAnother: false });

function parse(args: readonly string[]): Config {
  const parsed = parseFlags(args, { version: 'faults', environment: {}, readFile: () => '' });
  if ('exit' in parsed) throw new Error(parsed.stderr);
  return parsed.config;
}

/** The same source; tells of each call that begins and ends. */
function counted(source: Source, change: (by: 1 | -1) => void): Source {
  return new Proxy(source, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const answer: unknown = Reflect.apply(value, target, args);
        if (!(answer instanceof Promise)) return answer;
        change(1);
        return answer.finally(() => change(-1));
      };
    },
  });
}
