import { readFile } from 'node:fs/promises';
import { createHttpTransport, type Logger, mapNonEmpty, type NonEmpty, type SourceMetrics } from '../base/index.ts';
import { ManifestThread } from '../manifests/index.ts';
import { createNotifier, eventStream, kubernetesEvents } from '../notify/index.ts';
import { NO_SIGNATURE_DEMANDS } from '../policy/index.ts';
import { EventLog } from '../record/index.ts';
import { createImageWatch, type ImageSigners, type ImageWatchOptions } from '../registry-watch/index.ts';
import { automationMinAge } from './automation-min-age.ts';
import type { Daemon } from './daemon/daemon.ts';
import { combineDaemons } from './daemon/several.ts';
import { type Engine, type EngineSource, type Shared, startEngine } from './engine.ts';
import { createAutomationGates, createSyncGate } from './gates-of-flags.ts';
import { createSharedImages } from './jobs/shared-images.ts';
import { measuredLookups, type SharedMetrics, summariseScans } from './metrics.ts';
import type { Cluster } from './ports/cluster.ts';
import type { ImageWatch } from './ports/image-watch.ts';
import { RevertBudget } from './rollout/revert-budget.ts';

/** Metrics of the daemon, and of each source. */
export interface DaemonMetrics extends SharedMetrics {
  ofSource(name: string): SourceMetrics;
}

export interface EnginesOptions
  extends Omit<Shared, 'thread' | 'events' | 'notifier' | 'gates' | 'syncGate' | 'minAge' | 'signed' | 'revertBudget'> {
  readonly sources: NonEmpty<EngineSource>;
  readonly metrics: DaemonMetrics;
  /** Which images must be signed, and by what that is verified; none when absent. */
  readonly signers?: ImageSigners;
  /** Where image metadata is remembered, if it is. */
  readonly imageCache?: ImageWatchOptions['cache'];
  /** Heap limit in bytes, of which the manifests of all sources get half. Unlimited by default. */
  readonly heapBytes?: number;
  readonly log: Logger;
}

export interface RunningFlux {
  readonly daemon: Daemon;
  /** Authorizes callers of the API from the network. */
  readonly reviewAccess: Cluster['reviewAccess'];
  /** Reads the cluster for callers from the network, with their rights. */
  readonly live: Cluster['live'];
  /** Settles when a loop ends: after `stop`, or with the error that ended it. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an engine for each source, and what they share: HTTP, the cluster, the image watch, the manifest thread and the event log. All
 * of it is closed when they stop.
 * @throws FluxError `config/bad-schedule`, `config/bad-min-age`.
 */
export function startEngines(options: EnginesOptions): RunningFlux {
  const { config, version, cluster, metrics, imageCache, heapBytes, log, sources, clock, signers } = options;
  const gates = createAutomationGates(config);
  const syncGate = createSyncGate(config);
  const minAge = automationMinAge(config);
  const http = createHttpTransport({ userAgent: `fluxd/${version}`, proxyEnvironment: options.environment });
  const thread = new ManifestThread({ clock });
  const events = new EventLog();
  const notifier = createNotifier({
    sinks: [eventStream(events), kubernetesEvents(cluster)],
    clock,
    log: log.child({ component: 'notify' }),
  });
  const watch: ImageWatch = createImageWatch({
    http,
    clock,
    log: log.child({ component: 'registry' }),
    automationIntervalMs: config.automationIntervalMs,
    rps: config.registryRps,
    burst: config.registryBurst,
    insecureHosts: config.registryInsecureHosts,
    includeImages: config.registryIncludeImages,
    excludeImages: config.registryExcludeImages,
    scanningDisabled: config.registryDisableScanning,
    useLabels: config.registryUseLabels,
    ...(signers ? { signers } : {}),
    ...(config.dockerConfig === undefined ? {} : { dockerConfigFile: config.dockerConfig }),
    ecrLimits: {
      ...(config.registryEcrRegions === undefined ? {} : { regions: config.registryEcrRegions }),
      includeIds: config.registryEcrIncludeIds,
      excludeIds: config.registryEcrExcludeIds,
    },
    readFile: (path: string) => readFile(path, 'utf8'),
    ...(config.registryDisableScanning ? {} : { environment: options.environment }),
    readCore: (kind: 'Secret' | 'ServiceAccount', namespace: string, name: string) => cluster.readCore(kind, namespace, name),
    onNewTags: () => {
      for (const engine of engines) engine.automate();
    },
    trace: config.registryTrace,
    onRequest: metrics.registryRequest,
    onFetch: metrics.registryFetch,
    ...(imageCache === undefined ? {} : { cache: imageCache }),
    onCache: metrics.registryCache,
  });
  metrics.imageScans(() => summariseScans(watch.scans(), watch.hosts()));
  const images = measuredLookups(watch, metrics, clock);
  const imagesOfOne = createSharedImages(images);
  const isOne = sources.length === 1;
  const revertBudget = new RevertBudget();
  const engines: NonEmpty<Engine> = mapNonEmpty(sources, (source) =>
    startEngine({
      ...options,
      ...source,
      thread,
      events,
      notifier: isOne ? notifier : { ...notifier, notify: (news) => notifier.notify({ ...news, source: source.name }) },
      gates,
      syncGate,
      minAge,
      signed: signers?.demands ?? NO_SIGNATURE_DEMANDS,
      revertBudget,
      images: imagesOfOne(),
      metrics: { ...metrics, ...metrics.ofSource(source.name) },
      ...(heapBytes === undefined ? {} : { maxManifestBytes: heapBytes / 2 / sources.length }),
      log: isOne ? log : log.child({ source: source.name }),
    }),
  );
  if (!config.registryDisableScanning) images.start();
  return {
    daemon: combineDaemons(mapNonEmpty(engines, ({ daemon }) => daemon)),
    reviewAccess: cluster.reviewAccess,
    live: cluster.live,
    ended: Promise.race(engines.map(({ ended }) => ended)),
    async stop() {
      await Promise.allSettled([...engines.map((engine) => engine.stop()), images.stop()]);
      notifier.close();
      cluster.close();
      http.close();
    },
  };
}
