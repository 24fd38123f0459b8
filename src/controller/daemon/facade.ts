import { type Cancellable, type Clock, dumpYaml, FluxError, type Logger } from '../../base/index.ts';
import { shownManifest } from '../../cluster/index.ts';
import type { WebPages } from '../../git-host/index.ts';
import type { Manifests } from '../../manifests/index.ts';
import type { EventLog } from '../../record/index.ts';
import type { Commit, Revision, Sandboxes } from '../../repository/index.ts';
import { isRendered, type ResourceId } from '../../resource/index.ts';
import type { Pinning, Timing, UpdateSpec } from '../../update/index.ts';
import { asksForCommit, dryRunUpdate } from '../jobs/apply-update.ts';
import { createDryRun } from '../jobs/dry-run.ts';
import type { JobQueue } from '../jobs/jobs.ts';
import { type Leadership, requireLeadership } from '../leadership/leadership.ts';
import type { Loop } from '../loop/loop.ts';
import type { Progress } from '../loop/progress.ts';
import { readinessOf } from '../loop/readiness.ts';
import type { Watchdog } from '../loop/watchdog.ts';
import type { AutomationMemory } from '../memory/automation-memory.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { DeployKey } from '../ports/deploy-key.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import { createCurrentView } from '../repository/current-view.ts';
import { createObjectDiff } from '../repository/object-diff.ts';
import type { RepositoryReader } from '../repository/view.ts';
import type { Approvals } from '../sync/approvals.ts';
import type { History } from '../sync/history.ts';
import type { ObjectStates } from '../sync/object-states.ts';
import type { SyncReports } from '../sync/sync-reports.ts';
import { requireOpen, type SyncWindow } from '../sync/sync-window.ts';
import { type Relation, relationsOf } from '../topology/relations.ts';
import type { WhyQuestion } from '../why/answer.ts';
import { createWhy } from '../why/why.ts';
import { createChangeHints } from './change-hints.ts';
import type { Daemon, SyncReport, SyncRequest } from './daemon.ts';
import type { Health } from './health.ts';
import { imageDecisions } from './image-decisions.ts';
import { listImages } from './list-images.ts';
import { createWorkloadListing, refuseBothFilters } from './list-workloads.ts';
import type { Preview } from './preview.ts';
import { refuseUnknown } from './source-name.ts';
import { createSuspending } from './suspending.ts';

/** The daemon as far as one source is concerned. */
export interface SourceDaemon extends Daemon {
  /** The name of the source. */
  readonly source: string;
  /** The workloads in its repository, as last read. */
  workloadIds(): Promise<ReadonlySet<ResourceId>>;
  /** How well this source knows what a question is about; 0 if not at all. */
  knows(question: WhyQuestion): Promise<number>;
  /** @throws FluxError why it would refuse this update, or any change, now. */
  requireAcceptance(update?: UpdateSpec): void;
}

export interface DaemonOptions extends SyncWindow {
  /** The name of the source. */
  readonly name: string;
  readonly version: string;
  readonly source: Source;
  readonly reader: RepositoryReader;
  readonly desired: Manifests;
  readonly cluster: Cluster;
  readonly images: ImageWatch;
  /** When automation may commit, as of each call. */
  readonly timing: () => Timing;
  readonly memory: AutomationMemory;
  readonly pinning: Pinning;
  readonly jobs: JobQueue;
  readonly reports: SyncReports;
  readonly progress: Progress;
  readonly objectStates: ObjectStates;
  readonly history: History;
  readonly events: EventLog;
  readonly approvals: Approvals;
  readonly preview: Preview;
  readonly loop: Loop;
  readonly leadership: () => Leadership;
  readonly health: Health;
  readonly watchdog: Pick<Watchdog, 'stuck'>;
  readonly metrics: ControllerMetrics;
  readonly deployKey: DeployKey;
  /** Where the Git host shows the repository to people. */
  readonly webPages?: WebPages | undefined;
  /** Whether two Git URLs refer to the same repository. */
  readonly sameRepository: (url: string) => boolean;
  /** Timeout of a sync, a job or a dry run. */
  readonly timeoutMs: number;
  readonly scansImages: boolean;
  /** Absent if no commands are run. */
  readonly sandboxes?: () => Sandboxes;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Limit of commits in `syncStatus`. */
const MAX_COMMITS = 10_000;
/** Commits of the file of an object. */
const MAX_OBJECT_COMMITS = 20;

/** The daemon's interface for the API: queries are answered from Git, the cluster and memory; changes are queued for the loop. */
export function createDaemon(options: DaemonOptions): SourceDaemon {
  const { source, reader, cluster, images, jobs, reports, progress, approvals, loop, leadership, health, deployKey, clock, log } =
    options;

  const listWorkloads = createWorkloadListing();
  const currentView = createCurrentView(source, reader);
  const why = createWhy({ ...options, currentView });
  /** The commit of the last sync, once it was asked for. */
  let synced: Commit | undefined;
  /** What the manifests of a view need of each other, once it was asked for. */
  let related: { readonly manifests: object; readonly relations: Promise<readonly Relation[]> } | undefined;
  const dryRun = createDryRun({
    calculate: (spec, cancel) => dryRunUpdate(spec, options, cancel),
    timeoutMs: options.timeoutMs,
    clock,
  });
  const daemon: SourceDaemon = {
    version: () => options.version,

    source: options.name,
    sources: [options.name],
    sandboxes: () => options.sandboxes?.(),
    of: (name) => (name === options.name ? daemon : refuseUnknown(name, [options.name])),
    workloadIds: async () => new Set((await currentView())?.workloads.keys()),

    requireAcceptance(update) {
      if (update && !asksForCommit(update)) return;
      requireLeadership(leadership());
      if (update?.type === 'sync') requireOpen(options);
      if (update) jobs.requireRoom(update);
    },

    async listWorkloads({ namespace, ids }) {
      refuseBothFilters(namespace, ids[0], 'workloads');
      const filter = { ...(namespace === '' ? {} : { namespace }), ...(ids.length === 0 ? {} : { ids }) };
      const [running, view] = await Promise.all([cluster.workloads(filter), currentView()]);
      return listWorkloads({
        running,
        wanted: view?.workloads ?? new Map(),
        source: source.state(),
        access: source.access,
        failures: progress.failures,
      });
    },

    async listImages({ namespace, spec }) {
      const id: ResourceId | undefined = spec === '<all>' ? undefined : spec;
      refuseBothFilters(namespace, id, 'workload');
      const filter = { ...(namespace === '' ? {} : { namespace }), ...(id === undefined ? {} : { ids: [id] }) };
      const [running, view] = await Promise.all([cluster.workloads(filter), currentView()]);
      const { timing, pinning } = options;
      return listImages(running, view?.workloads ?? new Map(), { images, timing: timing(), pinning });
    },

    async imageDecisions() {
      const { timing, pinning } = options;
      return imageDecisions((await currentView())?.workloads ?? new Map(), { images, timing: timing(), pinning });
    },

    async export() {
      const objects = await cluster.exportObjects();
      return objects.map((object) => dumpYaml(object)).join('---\n');
    },

    async update(spec, cancel) {
      refuseInternal(spec);
      if (!asksForCommit(spec)) return jobs.calculated(await dryRun(spec, cancel));
      requireLeadership(leadership());
      if (spec.type === 'sync') requireOpen(options);
      const job = jobs.add(spec, clock.monotonic());
      options.metrics.queueLength(jobs.length);
      loop.wake();
      return job.id;
    },

    job: (id) => jobs.status(id),

    async syncStatus(ref) {
      const applied = progress.ended ?? (await source.marker());
      const revision = await source.find(ref);
      if (revision === undefined) throw badRevision(applied, ref);
      if (revision === applied) return [];
      const commits = await source.commits({ from: applied, to: revision, limit: MAX_COMMITS });
      return commits.map((commit) => commit.revision);
    },

    async gitConfig({ regenerateKey }) {
      if (regenerateKey) {
        requireLeadership(leadership());
        await deployKey.regenerate();
      }
      return {
        url: source.shownUrl,
        branch: source.follows(),
        paths: source.paths,
        state: source.state(),
        ...(options.webPages ? { webPages: options.webPages } : {}),
        publicKey: await deployKey.publicKey(),
      };
    },

    notify: createChangeHints({ ...options, fetch: () => loop.ask('fetch') }),

    startSync,

    sync: (id) => reports.get(id),
    syncDone: (id) => reports.done(id),
    health: (question) => health.report(question),
    diff: options.preview,

    objects() {
      const { failure } = progress;
      const unverified = source.unverified();
      const revision = source.accepted();
      const follows = [{ name: source.follows(), ...(revision === undefined ? {} : { revision }) }];
      return { ...options.objectStates.view, follows, ...(failure ? { failure } : {}), ...(unverified ? { unverified } : {}) };
    },
    async relations() {
      const view = await currentView();
      if (!view) return [];
      if (related?.manifests !== view.manifests) related = { manifests: view.manifests, relations: relationsOf(view.manifests) };
      return related.relations;
    },
    owned: (question) => cluster.owned(question),
    async objectCommits(id, cancel) {
      const view = await currentView();
      const place = view?.manifests.get(id)?.place;
      if (!view || !place || isRendered(place)) return { commits: [], isCut: false };
      const commits = await source.commits({ to: view.revision, limit: MAX_OBJECT_COMMITS + 1, file: place.file }, cancel);
      const { file, line } = place;
      return {
        place: { revision: view.revision, file, line },
        commits: commits.slice(0, MAX_OBJECT_COMMITS),
        isCut: commits.length > MAX_OBJECT_COMMITS,
      };
    },
    objectDiff: createObjectDiff({ ...options, currentView }),
    async syncedCommit(cancel) {
      const { revision } = options.objectStates.view;
      if (revision === undefined) return undefined;
      if (synced?.revision !== revision)
        [synced] = await source.commits({ to: revision, limit: 1, allPaths: true }, cancel).catch(unlessAborted(cancel));
      return synced;
    },
    why: (question, cancel) => why.answer(question, cancel),
    knows: (question) => why.knows(question),
    async manifest(id) {
      const found = (await currentView())?.manifests.get(id);
      return found && shownManifest(found);
    },
    history: (request, cancel) => options.history.page(request, cancel),
    writers: (cancel) => source.writers(cancel),
    scansImages: options.scansImages,
    imageScans: () => images.scans(),
    registryHosts: () => images.hosts(),
    imageCacheFailure: () => images.cacheFailure(),
    events: options.events,

    ...createSuspending(options),

    heldDeletions: () => approvals.held(),

    approveDeletions(hash) {
      requireLeadership(leadership());
      requireOpen(options);
      approvals.approve(hash);
      log.info({ hash, deletions: approvals.approved.length }, 'deletions approved');
      return startSync();
    },

    deleteOrphans(orphans) {
      requireLeadership(leadership());
      requireOpen(options);
      approvals.approveOrphans(orphans);
      log.info({ resources: orphans.map(({ id }) => id).join(',') }, 'deletion of orphans approved');
      return startSync();
    },

    readiness: () => readinessOf(progress, source.state(), leadership()),
    liveness: () => options.watchdog.stuck(),
  };
  return daemon;

  function startSync(request: SyncRequest = {}): SyncReport {
    requireLeadership(leadership());
    if (request.overridesWindow) log.warn('sync requested that overrides the window');
    else requireOpen(options);
    const report = reports.ask(request);
    // The fetch requests the sync; a sync in progress may not include what this caller pushed.
    loop.ask('fetch');
    return report;
  }
}

/** The mirror may be cloned again at this moment. */
function unlessAborted(cancel: Cancellable = {}): (error: unknown) => readonly never[] {
  return (error) => {
    cancel.signal?.throwIfAborted();
    if (error instanceof FluxError) return [];
    throw error;
  };
}

function refuseInternal({ type }: UpdateSpec): void {
  if (type !== 'auto') return;
  throw new FluxError('unknown update type "auto"', {
    code: 'update/internal',
    fault: 'user',
    help: 'Only the daemon makes automated updates.\n',
  });
}

function badRevision(applied: Revision | undefined, ref: string): FluxError {
  const reason = `fatal: bad revision '${applied ?? ''}..${ref}'`;
  return new FluxError(`${reason}, full output:\n ${reason}\n`, { code: 'git/bad-revision', fault: 'user' });
}
