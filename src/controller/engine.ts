import { join } from 'node:path';
import { type Clock, type Logger, waitOrAbort } from '../base/index.ts';
import type { Fence } from '../cluster/index.ts';
import type { Config } from '../config/index.ts';
import { sameRepository, syncSetName } from '../git/index.ts';
import type { WebPages } from '../git-host/index.ts';
import {
  createManifests,
  type Decrypter,
  type Generation,
  type Helm,
  type HiddenFiles,
  type Kustomize,
  type ManifestThread,
} from '../manifests/index.ts';
import type { Notifier } from '../notify/index.ts';
import type { MinAge, SignatureDemands } from '../policy/index.ts';
import type { EventLog } from '../record/index.ts';
import type { Sandboxes } from '../repository/index.ts';
import type { Gate, Gates } from '../schedule/index.ts';
import { createDaemon, type SourceDaemon } from './daemon/facade.ts';
import { createHealth } from './daemon/health.ts';
import { createPreview } from './daemon/preview.ts';
import { JobQueue } from './jobs/jobs.ts';
import { createNotice } from './jobs/notice.ts';
import { PendingUpdates } from './jobs/pending-updates.ts';
import { createDecisionReport } from './jobs/report-decisions.ts';
import { createTiming } from './jobs/timing.ts';
import { createElectionHandlers } from './leadership/election.ts';
import { type Leadership, termOf, UNDECIDED } from './leadership/leadership.ts';
import { createAlarm } from './loop/alarm.ts';
import { Loop } from './loop/loop.ts';
import { Progress } from './loop/progress.ts';
import { beatingCluster, beatingImages, beatingSource } from './loop/signs-of-life.ts';
import { createSteps } from './loop/steps.ts';
import { Watchdog } from './loop/watchdog.ts';
import { createAutomationMemory } from './memory/automation-memory.ts';
import type { ControllerMetrics } from './metrics.ts';
import type { Cluster } from './ports/cluster.ts';
import type { DeployKey } from './ports/deploy-key.ts';
import type { TakePart } from './ports/election.ts';
import type { ImageWatch } from './ports/image-watch.ts';
import type { MemoryStore } from './ports/memory.ts';
import type { Source } from './ports/source.ts';
import { createProposals, type ProposalsOptions } from './pull-requests/proposals.ts';
import { createRepositoryReader } from './repository/view.ts';
import { provenMs } from './rollout/proven.ts';
import type { RevertBudget } from './rollout/revert-budget.ts';
import { createRollouts } from './rollout/rollouts.ts';
import { Approvals } from './sync/approvals.ts';
import { createHealthFollower } from './sync/health-follower.ts';
import { SyncHistory } from './sync/history.ts';
import { ObjectStates } from './sync/object-states.ts';
import { patientRecorder } from './sync/patient-recorder.ts';
import { createSyncRecorder } from './sync/sync-recorder.ts';
import { SyncReports } from './sync/sync-reports.ts';
import { valueObjectsOf } from './value-objects-of-flags.ts';

/** What belongs to one source alone. */
export interface EngineSource {
  /** Unique in the daemon. */
  readonly name: string;
  /** As configured, so it may contain a password: pass it only to Git. */
  readonly url: string;
  readonly source: Source;
  /** Where the Git host shows the repository to people; absent if the host is not known. */
  readonly webPages?: WebPages;
  readonly deployKey: DeployKey;
  /** Open while this daemon may write for the source. */
  readonly fence: Fence;
  /** Elects the daemon that writes for the source. */
  readonly takePart: TakePart;
  /** What outlasts a restart. */
  readonly memory: MemoryStore;
  /** How images are proposed; without it, they are committed to the followed branch. */
  readonly proposals?: Pick<ProposalsOptions, 'branch' | 'releases' | 'per' | 'host' | 'template'>;
}

/** What the sources of a daemon share. */
export interface Shared {
  readonly config: Config;
  readonly version: string;
  /** The process environment; each room reads only the variables that it names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cluster: Cluster;
  readonly thread: ManifestThread;
  /** How folders with a `.flux.yaml` are rendered; absent: they are read as files. */
  readonly generation?: Generation;
  /** For renderings for which there is no room in memory. */
  readonly renderingsDirectory?: string;
  /** How folders with a kustomization are built; absent: they are read as files. */
  readonly kustomize?: Kustomize;
  /** How charts are rendered that a `.flux.yaml` names; absent: they are refused. */
  readonly helm?: Helm;
  /** What decrypts files; absent: encrypted documents are refused. */
  readonly decrypter?: Decrypter;
  /** What decrypts files that git-secret hides; absent: they are not read. */
  readonly hiddenFiles?: HiddenFiles;
  /** What confines its commands. */
  readonly sandboxes?: () => Sandboxes;
  readonly events: EventLog;
  readonly notifier: Notifier;
  /** Windows and freezes of automation. */
  readonly gates: Gates;
  /** When new revisions are applied. */
  readonly syncGate: Gate;
  /** Minimum age of images without one of their own. */
  readonly minAge: MinAge;
  /** Which images must be signed. */
  readonly signed: SignatureDemands;
  readonly revertBudget: RevertBudget;
  /** Called after being idle for a while. */
  readonly onRest?: () => void;
  readonly clock: Clock;
}

export interface EngineOptions extends Shared, EngineSource {
  /** The shared image watch, as this source uses it. */
  readonly images: ImageWatch;
  readonly metrics: ControllerMetrics;
  /** Limit of the memory that the manifests of a revision take, in bytes. Unlimited by default. */
  readonly maxManifestBytes?: number;
  readonly log: Logger;
}

/** Syncs one source with the cluster. */
export interface Engine {
  readonly daemon: SourceDaemon;
  /** Requests a look for newer images. */
  automate(): void;
  /** Settles when the loop ends: after `stop`, or with the error that ended it. */
  readonly ended: Promise<void>;
  /** Ends the loop, gives up the right to write, and closes the source. */
  stop(): Promise<void>;
}

/** How long another source waits to learn what this one wants, before it holds its deletions. */
const LOOK_MS = 10_000;

/** Connects the rooms for one source, and starts its loop. */
export function startEngine(options: EngineOptions): Engine {
  const {
    config,
    version,
    source,
    cluster,
    fence,
    thread,
    events,
    notifier,
    images,
    minAge,
    syncGate,
    metrics,
    onRest,
    clock,
    log,
  } = options;
  const syncSet = syncSetName(source);
  const desired = createManifests({
    thread,
    clock,
    log: log.child({ component: 'manifests' }),
    ...(options.maxManifestBytes === undefined ? {} : { maxBytes: options.maxManifestBytes }),
    paths: source.paths,
    ...(options.renderingsDirectory === undefined ? {} : { directory: join(options.renderingsDirectory, options.name) }),
    ...(options.generation ? { generation: options.generation } : {}),
    ...(options.kustomize ? { kustomize: options.kustomize } : {}),
    ...(options.helm ? { helm: options.helm } : {}),
    ...(config.substitution
      ? { valueObjects: valueObjectsOf(config.substitution, { cluster, log: log.child({ component: 'substitution' }) }) }
      : {}),
    ...(options.decrypter ? { decrypter: options.decrypter } : {}),
    ...(options.hiddenFiles ? { hiddenFiles: options.hiddenFiles } : {}),
  });
  const reader = createRepositoryReader(source, desired, cluster);
  const jobs = new JobQueue(source);
  const pinning = { automated: config.automationPinDigest, signed: options.signed };
  const rollouts = createRollouts({
    source,
    cluster,
    budget: options.revertBudget,
    byDefault: config.automationRevert,
    deadlineMs: config.automationRevertDeadlineMs,
    provenMs: provenMs(config.automationRevertDeadlineMs),
    withMessages: config.automationRevertMessages,
    onFailure: () => loop.ask('automate'),
    clock,
    log: log.child({ component: 'rollout' }),
  });
  const pending = new PendingUpdates({
    quietMs: config.automationGatherMs,
    maxMs: config.automationGatherMaxMs,
    images,
  });
  const reports = new SyncReports();
  const progress = new Progress();
  const objectStates = new ObjectStates();
  const history = new SyncHistory(source);
  const approvals = new Approvals();
  const watchdog = new Watchdog(clock, config.syncTimeoutMs + 4 * config.gitTimeoutMs);
  // Only the loop's own calls count as its progress, not those of the API.
  const loopSource = beatingSource(source, watchdog);
  const health = createHealth({ cluster, clock });
  const recorder = patientRecorder(createSyncRecorder(loopSource, `fluxd/${version}`, clock), clock);
  const decisionReport = createDecisionReport({ cluster, metrics, log: log.child({ component: 'automation' }) });
  const healthFollower = createHealthFollower({
    cluster,
    source,
    reader,
    recorder,
    history,
    deadlineMs: config.automationRevertDeadlineMs,
    provenMs: provenMs(config.automationRevertDeadlineMs),
    askToRecord: () => loop.ask('health'),
    clock,
    log: log.child({ component: 'health' }),
  });
  let leadership: Leadership = UNDECIDED;
  const stopping = new AbortController();
  const memory = createAutomationMemory({
    store: options.memory,
    clock,
    log: log.child({ component: 'memory' }),
    stopping: stopping.signal,
  });
  const proposals =
    options.proposals &&
    createProposals({
      ...options.proposals,
      source: loopSource,
      syncSet,
      reader,
      desired,
      cluster,
      images,
      pinning,
      mayWrite: fence.check,
      onProgress: () => watchdog.beat(),
      clock,
      log: log.child({ component: 'pull-requests' }),
    });
  const timing = createTiming({ ...options, memory, pending, rollouts, proposals });
  const leaving = new AbortController();

  cluster.join({
    syncSet,
    name: options.name,
    fence,
    onDrift: () => loop.ask('sync'),
    async desired({ signal } = {}) {
      using deadline = clock.deadline(LOOK_MS, signal);
      const inTime = { signal: deadline.signal };
      // A fetch waits for its turn, behind a slow push for example.
      const revision = await waitOrAbort(source.fetch(inTime), deadline.signal);
      return (await reader.read(revision, inTime)).state;
    },
  });

  const steps = createSteps({
    source: loopSource,
    reader,
    desired,
    cluster: beatingCluster(cluster, watchdog),
    images: beatingImages(images, watchdog),
    onProgress: () => watchdog.beat(),
    recorder,
    daemon: `fluxd/${version}`,
    syncSet,
    garbageCollection: config.garbageCollection,
    changeCause: config.syncChangeCause,
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
    healthFollower,
    decisionReport,
    metrics,
    minAge,
    pending,
    timing,
    notice: createNotice({ memory, images, minAge, clock, log: log.child({ component: 'automation' }) }),
    pinning,
    rollouts,
    ...(proposals ? { proposals } : {}),
    syncGate,
    syncAt: createAlarm(clock, () => loop.ask('sync'), stopping.signal),
    automateAt: createAlarm(clock, () => loop.ask('automate'), stopping.signal),
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
  const daemon = createDaemon({
    name: options.name,
    ...(options.sandboxes ? { sandboxes: options.sandboxes } : {}),
    scansImages: !config.registryDisableScanning,
    version,
    source,
    reader,
    desired,
    cluster,
    images,
    timing,
    memory,
    pinning,
    syncGate,
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
      syncSet,
      garbageCollection: config.garbageCollection,
      deletionLimit: config.garbageCollectionLimit,
      approvals,
      progress,
      timeoutMs: config.syncTimeoutMs,
      clock,
    }),
    loop,
    leadership: () => leadership,
    health,
    watchdog,
    metrics,
    deployKey: options.deployKey,
    timeoutMs: config.syncTimeoutMs,
    webPages: options.webPages,
    sameRepository: (url) => sameRepository(url, options.url),
    clock,
    log: log.child({ component: 'daemon' }),
  });

  const handlers = createElectionHandlers({
    become: (next) => {
      leadership = next;
    },
    stopping: stopping.signal,
    memory: memory.memory,
    loop,
    steps,
    jobs,
    reports,
    progress,
    objectStates,
    approvals,
    health,
    healthFollower,
    decisionReport,
    rollouts,
    metrics,
    clock,
  });
  // Runs in parallel to the first fetch.
  const elected = options.takePart(handlers, leaving.signal);
  const ended = loop.run(stopping.signal);
  return {
    daemon,
    automate: () => loop.ask('automate'),
    ended,
    async stop() {
      stopping.abort(new Error('fluxd is stopping'));
      await Promise.allSettled([ended]);
      // Only now, so that this daemon does not write when another one may.
      leaving.abort(new Error('fluxd is stopping'));
      await Promise.allSettled([elected]);
      health.close();
      healthFollower.close();
      rollouts.close();
      await source.close();
    },
  };
}
