import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, createHttpTransport, type Logger, remember } from '../base/index.ts';
import { type ClusterOptions, createCluster, Fence } from '../cluster/index.ts';
import type { Config } from '../config/index.ts';
import { createSource, deployKey, type SourceOptions, sameRepository, syncSetName } from '../git/index.ts';
import { createManifests, MANIFEST_NAME, MAX_FILE_BYTES, ManifestThread } from '../manifests/index.ts';
import { createNotifier, eventStream, kubernetesEvents } from '../notify/index.ts';
import { EventLog } from '../record/index.ts';
import { createImageWatch } from '../registry-watch/index.ts';
import type { Daemon } from './daemon/daemon.ts';
import { createDaemon } from './daemon/facade.ts';
import { createHealth } from './daemon/health.ts';
import { createPreview } from './daemon/preview.ts';
import { JobQueue } from './jobs/jobs.ts';
import { createElectionHandlers } from './leadership/election.ts';
import { type Leadership, termOf, UNDECIDED } from './leadership/leadership.ts';
import { Loop } from './loop/loop.ts';
import { Progress } from './loop/progress.ts';
import { beatingCluster, beatingImages, beatingSource } from './loop/signs-of-life.ts';
import { createSteps } from './loop/steps.ts';
import { Watchdog } from './loop/watchdog.ts';
import { type ControllerMetrics, countScans, measuredLookups } from './metrics.ts';
import type { Cluster } from './ports/cluster.ts';
import type { TakePart } from './ports/election.ts';
import type { ImageWatch } from './ports/image-watch.ts';
import type { Source } from './ports/source.ts';
import { createRepositoryReader } from './repository/view.ts';
import { Approvals } from './sync/approvals.ts';
import { SyncHistory } from './sync/history.ts';
import { ObjectStates } from './sync/object-states.ts';
import { patientRecorder } from './sync/patient-recorder.ts';
import { createSyncRecorder } from './sync/sync-recorder.ts';
import { SyncReports } from './sync/sync-reports.ts';
import { createWorkingDirectory } from './working-directory.ts';

/** Metrics of the rooms. */
export interface FluxMetrics extends ControllerMetrics {
  gitRemote: NonNullable<SourceOptions['onRemote']>;
  kubernetesRequest: NonNullable<ClusterOptions['onRequest']>;
  kubernetesEvent: NonNullable<ClusterOptions['onEvent']>;
}

export interface FluxOptions {
  readonly config: Config;
  readonly version: string;
  /** The process environment; each room reads only the variables that it names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Directory for the mirror, in which a private subdirectory is created. */
  readonly temporaryDirectory: string;
  readonly pid: number;
  /** Host name: our identity among several daemons if no token contains a pod name. */
  readonly host: string;
  readonly isAlive: (pid: number) => boolean;
  readonly metrics: FluxMetrics;
  /** Heap limit in bytes, of which the manifests of a revision get half. Unlimited by default. */
  readonly heapBytes?: number;
  /** Called after being idle for a while. */
  readonly onRest?: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RunningFlux {
  readonly daemon: Daemon;
  /** Authorizes callers of the API from the network. */
  readonly reviewAccess: Cluster['reviewAccess'];
  /** Settles when the loop ends: after `stop`, or with the error that ended it. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts fluxd for the source and cluster of the flags. */
export async function startFlux({ temporaryDirectory, pid, host, isAlive, ...options }: FluxOptions): Promise<RunningFlux> {
  const { config, environment, metrics, clock, log } = options;
  const directory = await createWorkingDirectory({
    parent: temporaryDirectory,
    pid,
    isAlive,
    onLeft: (path, error) => log.warn({ directory: path, err: error }, 'removing the directory of an earlier fluxd failed'),
  });
  const fence = new Fence(clock);
  const source: Source = createSource({
    url: config.gitUrl,
    branch: config.gitBranch,
    paths: config.gitPaths,
    names: MANIFEST_NAME,
    maxBlobBytes: MAX_FILE_BYTES,
    directory: join(directory.path, 'mirror'),
    user: config.gitUser,
    email: config.gitEmail,
    setAuthor: config.gitSetAuthor,
    syncTag: config.gitSyncTag,
    notesRef: config.gitNotesRef,
    skipMessage: config.gitCiSkipMessage,
    timeoutMs: config.gitTimeoutMs,
    ssh: await sshFiles(config.sshIdentityFile),
    environment,
    mayPush: fence.check,
    clock,
    log: log.child({ component: 'git' }),
    onRemote: metrics.gitRemote,
  });
  const cluster = await createCluster({
    ...(config.kubeConfig === undefined ? {} : { kubeconfigFile: config.kubeConfig }),
    ...(config.k8sDefaultNamespace === undefined ? {} : { defaultNamespace: config.k8sDefaultNamespace }),
    namespaces: config.k8sAllowNamespaces,
    excludeResources: config.k8sExcludeResources,
    fence,
    clock,
    log: log.child({ component: 'cluster' }),
    onRequest: metrics.kubernetesRequest,
    onEvent: metrics.kubernetesEvent,
    // In a pod this is the pod's name.
    instance: environment.HOSTNAME ?? '',
  });
  const takePart: TakePart = (handlers, signal) => cluster.takePart({ syncSet: syncSetName(source), host }, handlers, signal);
  const flux = startEngine({ ...options, source, cluster, takePart });
  return {
    ...flux,
    async stop() {
      await flux.stop();
      await directory.remove();
    },
  };
}

export interface EngineOptions extends Omit<FluxOptions, 'temporaryDirectory' | 'pid' | 'host' | 'isAlive'> {
  readonly source: Source;
  readonly cluster: Cluster;
  /** Elects the daemon that writes; by default this one does. */
  readonly takePart?: TakePart;
}

/** Connects the rooms for one source and one cluster, and starts the loop. Both are closed when it stops. */
export function startEngine(options: EngineOptions): RunningFlux {
  const { config, version, environment, source, cluster, metrics, heapBytes, onRest, clock, log } = options;
  const http = createHttpTransport({ userAgent: `fluxd/${version}` });
  const desired = createManifests({
    thread: new ManifestThread({ clock }),
    clock,
    log: log.child({ component: 'manifests' }),
    ...(heapBytes === undefined ? {} : { maxBytes: heapBytes / 2 }),
  });
  const reader = createRepositoryReader(source, desired, cluster);
  const jobs = new JobQueue(source);
  const reports = new SyncReports();
  const progress = new Progress();
  const objectStates = new ObjectStates();
  const history = new SyncHistory(source);
  const events = new EventLog();
  const notifier = createNotifier({
    sinks: [eventStream(events), kubernetesEvents(cluster)],
    clock,
    log: log.child({ component: 'notify' }),
  });
  const approvals = new Approvals();
  const health = createHealth({ cluster, clock });
  let leadership: Leadership = UNDECIDED;
  const stopping = new AbortController();
  const leaving = new AbortController();
  const watchdog = new Watchdog(clock, config.syncTimeoutMs + 4 * config.gitTimeoutMs);

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
    useLabels: config.registryUseLabels,
    ...(config.dockerConfig === undefined ? {} : { dockerConfigFile: config.dockerConfig }),
    readFile: (path: string) => readFile(path, 'utf8'),
    readCore: (kind: 'Secret' | 'ServiceAccount', namespace: string, name: string) => cluster.readCore(kind, namespace, name),
    onNewTags: () => loop.ask('automate'),
    trace: config.registryTrace,
    onRequest: metrics.registryRequest,
    onFetch: metrics.registryFetch,
  });
  metrics.imageRepositories(() => countScans(watch.scans()));
  const images = measuredLookups(watch, metrics, clock);
  // Only the loop's own calls count as its progress, not those of the API.
  const loopSource = beatingSource(source, watchdog);
  const steps = createSteps({
    source: loopSource,
    reader,
    desired,
    cluster: beatingCluster(cluster, watchdog),
    images: beatingImages(images, watchdog),
    onProgress: () => watchdog.beat(),
    recorder: patientRecorder(createSyncRecorder(loopSource, `fluxd/${version}`, clock), clock),
    daemon: `fluxd/${version}`,
    syncSet: syncSetName(source),
    garbageCollection: config.garbageCollection,
    deletionLimit: config.garbageCollectionLimit,
    timeoutMs: config.syncTimeoutMs,
    automation: !config.registryDisableScanning,
    jobs,
    reports,
    progress,
    objectStates,
    history,
    notifier,
    approvals,
    health,
    metrics,
    clock,
    log,
    ask: (...steps) => loop.ask(...steps),
  });
  const intervals = { fetch: config.gitPollIntervalMs, sync: config.syncIntervalMs, automate: config.automationIntervalMs };
  const loop = new Loop({
    steps,
    term: () => termOf(leadership),
    intervals,
    clock,
    log: log.child({ component: 'loop' }),
    onStep: metrics.stepDone,
    watchdog,
    onRest: () => {
      onRest?.();
      void source.tidy();
    },
  });
  cluster.onDrift(() => loop.ask('sync'));
  const daemon = createDaemon({
    scansImages: !config.registryDisableScanning,
    version,
    source,
    reader,
    desired,
    cluster,
    images,
    jobs,
    reports,
    progress,
    objectStates,
    history,
    events,
    approvals,
    preview: createPreview({
      source,
      reader,
      desired,
      cluster,
      syncSet: syncSetName(source),
      garbageCollection: config.garbageCollection,
      deletionLimit: config.garbageCollectionLimit,
      approvals,
      timeoutMs: config.syncTimeoutMs,
      clock,
    }),
    loop,
    leadership: () => leadership,
    health,
    watchdog,
    metrics,
    // Flux v1's probes request it frequently, and each read takes a process.
    publicKey: remember(
      () => deployKey({ url: config.gitUrl, identityFile: config.sshIdentityFile, environment, timeoutMs: config.gitTimeoutMs }),
      60_000,
      clock,
    ),
    timeoutMs: config.syncTimeoutMs,
    sameRepository: (url) => sameRepository(url, config.gitUrl),
    clock,
    log: log.child({ component: 'daemon' }),
  });

  const handlers = createElectionHandlers({
    become: (next) => {
      leadership = next;
    },
    stopping: stopping.signal,
    loop,
    steps,
    jobs,
    reports,
    progress,
    objectStates,
    approvals,
    health,
    metrics,
    clock,
  });
  if (!config.registryDisableScanning) images.start();
  // Runs in parallel to the first fetch.
  const elected = (options.takePart ?? leadAlways)(handlers, leaving.signal);
  const ended = loop.run(stopping.signal);
  return {
    daemon,
    reviewAccess: cluster.reviewAccess,
    ended,
    async stop() {
      stopping.abort(new Error('fluxd is stopping'));
      await Promise.allSettled([ended, images.stop()]);
      // Only now, so that this daemon does not write when another one may.
      leaving.abort(new Error('fluxd is stopping'));
      await Promise.allSettled([elected]);
      notifier.close();
      health.close();
      await source.close();
      cluster.close();
      http.close();
    },
  };
}

const leadAlways: TakePart = async ({ onLead }, signal) => onLead(signal, { afterAnother: false });

/** Host keys may be mounted beside the deploy key, in the same Secret; otherwise ssh uses its default files. */
async function sshFiles(identityFile: string): Promise<{ readonly identityFile: string; readonly knownHostsFile?: string }> {
  const knownHostsFile = join(dirname(identityFile), 'known_hosts');
  const mounted = await access(knownHostsFile).then(
    () => true,
    () => false,
  );
  return { identityFile, ...(mounted ? { knownHostsFile } : {}) };
}
