import { asFluxError, begin, type Cancellable, type Clock, FluxError, type Logger } from '../../base/index.ts';
import { type Change, countOutcomes, isHeldDeletion } from '../../change/index.ts';
import type { Revision } from '../../repository/index.ts';
import { PoliciesRefused } from '../../update/index.ts';
import type { Health } from '../daemon/health.ts';
import { applyUpdate, type UpdateOptions } from '../jobs/apply-update.ts';
import { automate } from '../jobs/automate.ts';
import { imageTargets } from '../jobs/image-targets.ts';
import type { Job, JobQueue, JobResult } from '../jobs/jobs.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { SyncHistory } from '../sync/history.ts';
import { createOutcomeLog } from '../sync/log-outcome.ts';
import { objectEvents } from '../sync/object-events.ts';
import type { ObjectStates } from '../sync/object-states.ts';
import { isRefusal } from '../sync/patient-recorder.ts';
import { type SyncOptions, type SyncOutcome, sync } from '../sync/sync.ts';
import type { SyncEvents } from '../sync/sync-events.ts';
import type { SyncReports } from '../sync/sync-reports.ts';
import type { Again, LoopSteps } from './loop.ts';
import type { Progress } from './progress.ts';

export interface StepsOptions extends SyncOptions, UpdateOptions {
  readonly source: Source;
  readonly images: ImageWatch;
  /** False leaves automation out: no scanning, no updates. */
  readonly automation: boolean;
  readonly jobs: JobQueue;
  readonly reports: SyncReports;
  readonly progress: Progress;
  readonly objectStates: ObjectStates;
  readonly history: SyncHistory;
  readonly syncEvents: SyncEvents;
  readonly health: Health;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asks the loop for steps from within one. */
  readonly ask: (...steps: readonly ('fetch' | 'sync' | 'automate')[]) => void;
}

/** The steps of the loop over one source and one cluster. */
export function createSteps(options: StepsOptions): LoopSteps {
  const { source, reports, progress, metrics, clock } = options;
  /** The request for a sync that the last fetch was made for. */
  let claimed: string | undefined;
  const logOutcome = createOutcomeLog();
  const forSync = named('sync', options);
  const forJobs = named('job', options);
  const forAutomation = named('automation', options);
  return {
    async fetch(cancel) {
      // Requests from here on wait for the next fetch, since this one may not include what the caller pushed.
      claimed ??= reports.take(clock.now());
      if (claimed !== undefined) options.ask('sync');
      try {
        return await source.fetch(cancel);
      } finally {
        metrics.gitReady(source.state().status === 'ready');
      }
    },
    fetchFailed(error) {
      if (claimed !== undefined) reports.fail(claimed, asFluxError(error, { code: 'git/fetch-failed' }), clock.now());
      claimed = undefined;
    },
    sync: (revision, cancel) => runSync(revision, forSync, cancel),
    job: (cancel) => runJob(forJobs, cancel),
    async automate(head, cancel) {
      // What was pushed is fetched and synced at once, not at the next poll.
      if (options.automation && (await automate(head, forAutomation, cancel))) options.ask('fetch');
    },
  };

  async function runSync(revision: Revision, sub: StepsOptions, cancel: Cancellable): Promise<Again | undefined> {
    const { reader, images, log } = sub;
    const span = begin(clock);
    const report = claimed;
    claimed = undefined;
    log.info({ revision, previous: progress.applied }, 'sync started');
    try {
      await recordAgain(sub, cancel);
      const outcome = await sync(revision, sub, cancel);
      cancel.signal?.throwIfAborted();
      finish(outcome, report, log);
      const events = await sub.syncEvents.of(outcome);
      for (const event of events) sub.events.add(event);
      sub.cluster.recordEvents(objectEvents(outcome, events));
      if (options.automation) images.watch(imageTargets((await reader.read(revision, cancel)).workloads));
      // Thrown so that the loop comes back soon; what was applied stays applied, only the record is missing.
      if (outcome.unrecorded && !isRefusal(outcome.unrecorded)) throw outcome.unrecorded;
      syncDone(outcome.unrecorded === undefined, span);
      return leftUndone(outcome.changes) ?? (outcome.unrecorded ? 'later' : undefined);
    } catch (error) {
      const failure = asFluxError(error, { code: 'sync/failed' });
      const stopped = cancel.signal?.aborted ?? false;
      if (!stopped && failure !== progress.unrecorded?.unrecorded) {
        progress.failure = failure;
        sub.history.failed(revision, span.startedAt, failure);
      }
      if (report !== undefined && reports.get(report).state !== 'done') reports.fail(report, failure, clock.now());
      syncDone(false, span);
      throw error;
    }
  }

  function syncDone(success: boolean, { startedAt, ended }: ReturnType<typeof begin>): void {
    const endedAt = ended();
    metrics.syncDone({ success, seconds: (endedAt - startedAt) / 1000, endedAt });
  }

  /** A push that failed is tried again without applying again. While Git refuses it, syncing goes on. */
  async function recordAgain({ recorder, log }: StepsOptions, cancel: Cancellable): Promise<void> {
    const { unrecorded } = progress;
    if (!unrecorded) return;
    try {
      await recorder.record(unrecorded, cancel);
      progress.unrecorded = undefined;
    } catch (error) {
      if (error instanceof FluxError && error.code === 'git/revision-removed') progress.unrecorded = undefined;
      // The sync reports a rejected push once.
      if (!isRefusal(error)) log.warn({ revision: unrecorded.revision, err: error }, 'sync still not recorded in git');
    }
  }

  function finish(outcome: SyncOutcome, report: string | undefined, log: Logger): void {
    progress.done(outcome);
    options.objectStates.synced(outcome);
    options.health.synced(outcome);
    progress.unrecorded = outcome.unrecorded ? outcome : undefined;
    if (report !== undefined) reports.finish(report, outcome);
    metrics.synced({
      revision: outcome.revision,
      outcomes: countOutcomes(outcome.changes),
      refused: outcome.errors.length,
      corrections: outcome.changes.filter(({ drift }) => drift).length,
      heldDeletions: outcome.changes.filter(isHeldDeletion).length,
    });
    logOutcome(outcome, log);
  }
}

/** The fault of an error shows whether it may be temporary. A held deletion may be resolved in the next sync. */
function leftUndone(changes: readonly Change[]): Again | undefined {
  const errors = changes.flatMap(({ error }) => error ?? []);
  if (errors.some(({ fault }) => fault !== 'user')) return 'soon';
  return errors.length > 0 || changes.some(isHeldDeletion) ? 'later' : undefined;
}

/** The same options with a logger that says which step speaks. */
function named(component: string, options: StepsOptions): StepsOptions {
  return { ...options, log: options.log.child({ component }) };
}

async function runJob(options: StepsOptions, cancel: Cancellable): Promise<boolean> {
  const { jobs, clock, log, metrics } = options;
  const job = jobs.next();
  if (!job) return false;
  const startedAt = clock.monotonic();
  metrics.queueLength(jobs.length);
  metrics.jobStarted((startedAt - job.queuedAt) / 1000);
  log.info({ jobId: job.id, type: job.spec.type }, 'job started');
  let success = false;
  try {
    using deadline = clock.deadline(options.timeoutMs, cancel.signal);
    jobs.succeed(job.id, await perform(job, options, { signal: deadline.signal }));
    success = true;
    log.info({ jobId: job.id }, 'job done');
  } catch (error) {
    jobs.fail(job.id, error, error instanceof PoliciesRefused ? { spec: job.spec, result: error.result } : {});
    log.warn({ jobId: job.id, err: error }, 'job failed');
  }
  metrics.jobDone({ success, seconds: (clock.monotonic() - startedAt) / 1000 });
  return true;
}

async function perform({ id, spec }: Job, options: StepsOptions, cancel: Cancellable): Promise<JobResult> {
  if (spec.type === 'sync') {
    const revision = await options.source.fetch(cancel);
    // Also when nothing is new: the cluster is compared again (Flux v1 did nothing then).
    options.ask('sync');
    return { revision };
  }
  const result = await applyUpdate(id, spec, options, cancel);
  const automated =
    spec.type === 'policy' && Object.values(spec.spec).some(({ add }) => add !== null && Object.hasOwn(add, 'automated'));
  if (automated) options.ask('automate');
  return result;
}
