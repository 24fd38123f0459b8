import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { createLogger } from '../../src/base/index.ts';
import { createCluster } from '../../src/cluster/index.ts';
import type { Daemon } from '../../src/controller/daemon.ts';
import { createDaemon } from '../../src/controller/facade.ts';
import { JobQueue } from '../../src/controller/jobs.ts';
import { Loop } from '../../src/controller/loop.ts';
import type { ImageWatch, Source } from '../../src/controller/ports.ts';
import { Progress } from '../../src/controller/progress.ts';
import { createSteps } from '../../src/controller/steps.ts';
import { createSyncRecorder } from '../../src/controller/sync-recorder.ts';
import { SyncReports } from '../../src/controller/sync-reports.ts';
import { createRepositoryReader } from '../../src/controller/view.ts';
import { syncSetName } from '../../src/git/index.ts';
import { createManifestReader } from '../../src/manifests/index.ts';
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
  /** True while its loop runs. */
  running(): boolean;
  /** Asks for a sync, lets time go by until it is done, and answers what it came to. */
  sync(): Promise<ReturnType<Daemon['sync']>>;
}

export interface EngineOptions {
  readonly kubernetes?: KubernetesOptions;
  readonly garbageCollection?: 'off' | 'on';
  /** Called before the engine starts. */
  readonly before?: (site: Site) => void | Promise<void>;
  /** Instead of the repository's own. */
  readonly source?: Source;
}

/** Stands in where the engine would watch image repositories: there are none. */
const NO_IMAGES: ImageWatch = {
  watch: () => undefined,
  repository: () => undefined,
  scanNow: async () => undefined,
  start: () => undefined,
  stop: async () => undefined,
};

export async function startEngine(files: Readonly<Record<string, string>>, options: EngineOptions = {}): Promise<Engine> {
  const repository = createRepository(files);
  let pending = 0;
  const source = counted(options.source ?? repository.source, (change) => {
    pending += change;
  });
  const site = await startSite(options.kubernetes, { pending: () => pending });
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
  const cluster = await createCluster({ kubeconfigFile: proxy.kubeconfig, excludeResources: [], clock, log });
  const reader = createRepositoryReader(source, createManifestReader({ log }), cluster);
  const jobs = new JobQueue(source);
  const reports = new SyncReports();
  const progress = new Progress();
  const none = () => undefined;
  const steps = createSteps({
    source,
    reader,
    cluster,
    images: NO_IMAGES,
    recorder: createSyncRecorder(source, 'fluxd/faults'),
    syncSet: syncSetName(source),
    garbageCollection: options.garbageCollection ?? 'on',
    timeoutMs: MINUTE,
    automation: false,
    jobs,
    reports,
    progress,
    metrics: { syncDone: none, objects: none, jobStarted: none, jobDone: none, gitReady: none },
    clock,
    log,
    ask: (...wanted) => loop.ask(...wanted),
  });
  // Flux v1's defaults.
  const loop = new Loop({
    steps,
    intervals: { fetch: 5 * MINUTE, sync: 5 * MINUTE, automate: 5 * MINUTE },
    clock,
    log,
  });
  const daemon = createDaemon({
    version: 'faults',
    source,
    reader,
    cluster,
    images: NO_IMAGES,
    jobs,
    reports,
    progress,
    loop,
    publicKey: async () => '',
    sameRepository: () => true,
    clock,
    log,
  });
  const stopping = new AbortController();
  let running = true;
  const ended = loop.run(stopping.signal).finally(() => {
    running = false;
  });
  onTestFinished(async () => {
    stopping.abort();
    await ended;
    cluster.close();
  });
  return {
    ...site,
    repository,
    daemon,
    log: lines,
    running: () => running,
    async sync() {
      const { id } = daemon.startSync();
      await time.until('the sync is done', () => daemon.sync(id).state === 'done', 60 * MINUTE);
      return daemon.sync(id);
    },
  };
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
