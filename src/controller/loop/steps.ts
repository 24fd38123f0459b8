import { asFluxError, type Cancellable, type Clock, createChangedOnly, type Logger } from '../../base/index.ts';
import type { Notifier } from '../../notify/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Gate } from '../../schedule/index.ts';
import { PoliciesRefused } from '../../update/index.ts';
import { applyUpdate } from '../jobs/apply-update.ts';
import { type AutomateOptions, automate } from '../jobs/automate.ts';
import type { Job, JobQueue, JobResult } from '../jobs/jobs.ts';
import { isRelease, proposeRelease } from '../jobs/propose-release.ts';
import type { DecisionReport } from '../jobs/report-decisions.ts';
import { HeadNotSynced } from '../jobs/unverified-head.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { Rollouts } from '../rollout/rollouts.ts';
import type { HealthFollower } from '../sync/health-follower.ts';
import { revisionToApply } from '../sync/revision-to-apply.ts';
import type { SyncReports } from '../sync/sync-reports.ts';
import { describeClosed, refusalOf, requireOpen } from '../sync/sync-window.ts';
import type { BranchAfter, LoopSteps } from './loop.ts';
import { createBranchReport } from './report-branch.ts';
import { createSyncStep, type SyncStepOptions } from './sync-step.ts';

export interface StepsOptions extends SyncStepOptions, AutomateOptions {
  readonly source: Source;
  readonly cluster: Cluster;
  readonly images: ImageWatch;
  readonly rollouts: Rollouts;
  readonly notifier: Notifier;
  /** False leaves automation out: no scanning, no updates. */
  readonly automation: boolean;
  readonly jobs: JobQueue;
  readonly reports: SyncReports;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly healthFollower: HealthFollower;
  readonly decisionReport: DecisionReport;
  /** When new revisions are applied. */
  readonly syncGate: Gate;
  /** Requests a sync at a time, in milliseconds since the epoch. */
  readonly syncAt: (time: number) => void;
  /** Asks the loop for steps from within one. */
  readonly ask: (...steps: readonly ('fetch' | 'sync' | 'automate')[]) => void;
}

/** The steps of the loop over one source and one cluster. */
export function createSteps(options: StepsOptions): LoopSteps {
  const { source, reports, progress, clock, log } = options;
  const waits = createChangedOnly();
  const reportBranch = createBranchReport(options);
  /** The request for a sync that the last fetch was made for. */
  let claimed: string | undefined;
  /** The revision of the last sync. */
  let synced: Revision | undefined;
  const syncStep = createSyncStep(named('sync', options));
  const forJobs = named('job', options);
  const forAutomation = named('automation', options);
  return {
    async fetch(cancel) {
      // Requests from here on wait for the next fetch, since this one may not include what the caller pushed.
      options.approvals.takeEffect();
      claimed ??= reports.take(clock.now());
      if (claimed !== undefined) options.ask('sync');
      try {
        return await source.fetch(cancel);
      } finally {
        reportBranch();
      }
    },
    fetchFailed(error) {
      if (claimed !== undefined) reports.fail(claimed, asFluxError(error, { code: 'git/fetch-failed' }), clock.now());
      claimed = undefined;
    },
    async sync(revision, cancel) {
      const report = claimed;
      claimed = undefined;
      const overrides = report !== undefined && reports.get(report).overridesWindow === true;
      const toApply = await revisionToApply(revision, options, { overrides }).catch((error: unknown) => {
        if (report !== undefined) reports.fail(report, asFluxError(error, { code: 'sync/failed' }), clock.now());
        throw error;
      });
      if (toApply.kind === 'head') {
        progress.waiting = undefined;
        const { overridden } = toApply;
        if (overridden !== undefined) log.warn({ revision, reason: overridden }, 'sync window overridden');
        const after = await syncStep(revision, { report, overridden }, cancel);
        // What is proposed is merged, or to be proposed on the new revision.
        if (revision !== synced && options.proposals?.areAny()) options.ask('automate');
        synced = revision;
        return after;
      }
      const { closed, revision: earlier, onlyRecorded } = toApply;
      const reason = describeClosed(closed);
      if (waits.hasChanged('revision', revision)) log.info({ revision, applied: earlier, reason }, 'revision waits');
      if (Number.isFinite(closed.opensAt)) options.syncAt(closed.opensAt);
      // The window may have closed after the request.
      if (report !== undefined) reports.fail(report, refusalOf(closed), clock.now());
      const again = earlier === undefined ? undefined : await syncStep(earlier, onlyRecorded ? { later: revision } : {}, cancel);
      // Not before what is recorded was applied: that is the first sync.
      progress.waiting = `revision ${revision.slice(0, 7)} waits: ${reason}`;
      return again;
    },
    job: (cancel) => runJob(forJobs, cancel).finally(reportBranch),
    recordHealth: (cancel) => options.healthFollower.record(cancel),
    async automate(head, cancel) {
      if (!options.automation && options.proposals === undefined) return { state: 'known', head };
      try {
        const pushed = await automate(head, forAutomation, cancel);
        reportBranch();
        return branchAfter(source, pushed);
      } catch (error) {
        // A newer head may not have the problem, and a fetch repairs the mirror.
        options.ask('fetch');
        throw error;
      }
    },
  };
}

/** What the mirror knows of the branch, after a push of this commit or without one. */
function branchAfter(source: Source, pushed: Revision | undefined): BranchAfter {
  const head = source.accepted();
  // Another push came first or right after, or the mirror could not be updated.
  if (head === undefined || (pushed !== undefined && pushed !== head)) return { state: 'unknown' };
  return { state: 'known', head };
}

/** The same options with a logger that says which step speaks. */
function named(component: string, options: StepsOptions): StepsOptions {
  return { ...options, log: options.log.child({ component }) };
}

async function runJob(options: StepsOptions, cancel: Cancellable): Promise<BranchAfter | undefined> {
  const { jobs, clock, log, metrics } = options;
  const job = jobs.next();
  if (!job) return undefined;
  const startedAt = clock.monotonic();
  metrics.queueLength(jobs.length);
  metrics.jobStarted((startedAt - job.queuedAt) / 1000);
  log.info({ jobId: job.id, type: job.spec.type }, 'job started');
  let success = false;
  let branch: BranchAfter = { state: 'unknown' };
  try {
    using deadline = clock.deadline(options.timeoutMs, cancel.signal);
    const result = await perform(job, options, { signal: deadline.signal });
    branch = branchAfter(options.source, result.revision);
    jobs.succeed(job.id, result);
    success = true;
    log.info({ jobId: job.id }, 'job done');
  } catch (error) {
    jobs.fail(job.id, error, outcomeOf(job, error));
    log.warn({ jobId: job.id, err: error }, 'job failed');
  }
  metrics.jobDone({ success, seconds: (clock.monotonic() - startedAt) / 1000 });
  return branch;
}

/** What a failed job has achieved. */
function outcomeOf({ spec }: Job, error: unknown): JobResult {
  if (error instanceof PoliciesRefused) return { spec, result: error.result };
  return error instanceof HeadNotSynced && error.revision !== undefined ? { revision: error.revision } : {};
}

async function perform({ id, spec }: Job, options: StepsOptions, cancel: Cancellable): Promise<JobResult> {
  if (spec.type === 'sync') {
    requireOpen(options);
    const { source } = options;
    const revision = await source.fetch(cancel);
    // Also when nothing is new: the cluster is compared again (Flux v1 did nothing then).
    options.ask('sync');
    const unverified = source.unverified();
    if (unverified) throw new HeadNotSynced(revision, unverified.head);
    return { revision };
  }
  const { proposals } = options;
  if (proposals?.takesReleases && isRelease(spec)) return proposeRelease({ jobId: id, spec, proposals }, options, cancel);
  const result = await applyUpdate({ jobId: id, spec }, options, cancel);
  const automated =
    spec.type === 'policy' && Object.values(spec.spec).some(({ add }) => add !== null && Object.hasOwn(add, 'automated'));
  if (automated) options.ask('automate');
  return result;
}
