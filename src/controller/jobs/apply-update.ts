import { type Cancellable, type Clock, FluxError, type Logger } from '../../base/index.ts';
import type { Notifier } from '../../notify/index.ts';
import { formatJobNote } from '../../record/index.ts';
import type { AcceptedRevision, CommitRequest, Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import {
  ALL_WORKLOADS,
  normalId,
  planUpdate,
  type Timing,
  UP_TO_DATE,
  type UpdatePlan,
  type UpdateSpec,
} from '../../update/index.ts';
import { type ControllerMetrics, measuredRelease } from '../metrics.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader } from '../repository/view.ts';
import { commitEvent } from '../sync/sync-events.ts';
import { type Attempts, NO_ATTEMPTS, notArrived, pushing } from './attempts.ts';
import type { JobResult } from './jobs.ts';
import { createPastImages } from './past-images.ts';
import { type PlanContextOptions, planContext } from './plan-context.ts';
import { retryUpdate } from './retry-update.ts';
import { requireVerifiedHead } from './unverified-head.ts';

/** For planning an update. */
export interface PlanOptions extends PlanContextOptions {
  readonly reader: RepositoryReader;
  /** When automation may commit, as of each call. */
  readonly timing: () => Timing;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface UpdateOptions extends PlanOptions {
  readonly notifier: Pick<Notifier, 'notify'>;
}

/** An update to be committed. */
export interface Update {
  readonly jobId: string;
  readonly spec: UpdateSpec;
  /** The head that the update was found on: the first attempt commits on it, without a fetch. Without one, it fetches first. */
  readonly head?: AcceptedRevision;
}

interface Pushed {
  readonly request: CommitRequest;
  readonly plan: UpdatePlan;
}

/**
 * Executes an update: plans it on the newest revision, commits and pushes. If another push came first, that commit stays and the update
 * is planned again on it (R-033); pushes are never forced, and changes never merged blindly. Temporary failures are retried, once it is
 * known that the commit did not arrive (R-035).
 */
export async function applyUpdate(
  { jobId, spec, head }: Update,
  options: UpdateOptions,
  cancel: Cancellable = {},
): Promise<JobResult> {
  const { source, reader, notifier, metrics, clock, log } = options;
  const startedAt = clock.now();
  const onRetry = (error: unknown) => log.info({ jobId, err: error }, 'retrying update');
  return retryUpdate(attempt, { clock, onRetry }, cancel);

  async function attempt(progress: { attempts: Attempts<Pushed> }): Promise<JobResult> {
    source.requireWritable();
    const { lastPush } = progress.attempts;
    const known = progress.attempts === NO_ATTEMPTS ? head : undefined;
    const base = known ?? (await newest(source, cancel));
    requireVerifiedHead(source);
    if (lastPush.state !== 'none') {
      const { request, plan } = lastPush.pushed;
      const revision = await source.arrived(request, cancel);
      if (revision !== undefined) return pushed(revision, plan);
      progress.attempts = notArrived(progress.attempts);
    }
    const plan = await planOn(base, spec, options, cancel);
    if (plan.edits.length === 0) return withoutCommit(spec, plan);
    const request = commitRequest(jobId, base, plan);
    progress.attempts = pushing(progress.attempts, { request, plan });
    return pushed(await source.commit(request, cancel), plan);
  }

  async function pushed(revision: Revision, plan: UpdatePlan): Promise<JobResult> {
    log.info({ jobId, revision, message: plan.message.split('\n', 1)[0] }, 'update pushed');
    metrics.committed(spec.type === 'auto' && spec.spec.Revert ? 'revert' : spec.type);
    notifier.notify({ events: [commitEvent(revision, plan.spec, plan.result, startedAt)] });
    // A client may list workloads as soon as the job is done, and listings use the last revision that was read. The next sync needs it too.
    await reader
      .read(revision, cancel)
      .catch((error: unknown) => log.warn({ jobId, revision, err: error }, 'reading the pushed revision failed'));
    return { revision, spec: plan.spec, result: plan.result };
  }
}

/** Plans an update without executing it. */
export async function dryRunUpdate(spec: UpdateSpec, options: PlanOptions, cancel: Cancellable = {}): Promise<JobResult> {
  const base = options.source.accepted() ?? (await newest(options.source, cancel));
  requireVerifiedHead(options.source);
  const plan = await planOn(base, spec, options, cancel);
  return { spec: plan.spec, result: plan.result };
}

/** The accepted revision of the branch, fetched now; before the first clone, the error is worded as in Flux v1. */
export async function newest(source: Source, cancel: Cancellable): Promise<AcceptedRevision> {
  try {
    return await source.fetch(cancel);
  } catch (error) {
    requireVerifiedHead(source);
    if (!(error instanceof FluxError) || error.code === 'git/unconfigured' || source.accepted() !== undefined) throw error;
    const { message, fault, help } = error;
    const hint = help === undefined ? {} : { help };
    throw new FluxError(`git repo not ready: ${message}`, { code: 'git/not-ready', fault, cause: error, ...hint });
  }
}

/** Whether a spec requests a commit: a release of another kind than `execute` is only planned (Flux v1). */
export function asksForCommit(spec: UpdateSpec): boolean {
  if (spec.type === 'auto' || spec.type === 'policy' || spec.type === 'sync') return true;
  return spec.spec.Kind === 'execute';
}

export async function planOn(
  base: AcceptedRevision,
  spec: UpdateSpec,
  options: PlanOptions,
  cancel: Cancellable,
): Promise<UpdatePlan> {
  const view = await options.reader.read(base, cancel);
  const context = {
    ...(await planContext(view, options, cancel)),
    past: createPastImages(options.source, base, cancel),
    timing: options.timing(),
  };
  return measuredRelease(spec, options, (timed) => planUpdate(spec, { ...context, ...(timed ? { timed } : {}) }));
}

function commitRequest(jobId: string, base: AcceptedRevision, { spec, edits, message, result }: UpdatePlan): CommitRequest {
  const note = formatJobNote({ jobId, spec, result: spec.type === 'policy' ? null : result });
  const author = spec.cause.User === '' ? {} : { author: spec.cause.User };
  return { base, edits, message, ...author, jobId, note };
}

/** Throws for a release without changes, with the reasons, as in Flux v1 and as fluxctl expects. A policy change without changes succeeds. */
export function withoutCommit(spec: UpdateSpec, plan: UpdatePlan): JobResult {
  if (spec.type === 'policy') return { spec, result: plan.result };
  if (plan.failure) throw plan.failure;
  const reasons = reasonsOf(spec, plan);
  throw new FluxError(`no changes made in repo${reasons === '' ? '' : `: ${reasons}`}`, {
    code: 'update/no-changes',
    fault: 'user',
    help: 'Every workload was up to date, locked, filtered out or not found. Run the release with --dry-run -vv to see the reason for each.',
  });
}

/** Why the workloads that an update names were not updated, except those that are up to date. */
function reasonsOf(spec: UpdateSpec, { result }: UpdatePlan): string {
  const reasons = namedIn(spec).flatMap((id) => {
    const reason = result[id]?.Error;
    return reason === undefined || reason === UP_TO_DATE ? [] : [`${id}: ${reason}`];
  });
  return [...new Set(reasons)].join('; ');
}

function namedIn(spec: UpdateSpec): readonly ResourceId[] {
  if (spec.type === 'auto') return [...new Set(spec.spec.Changes.map(({ WorkloadID }) => WorkloadID))];
  return spec.type === 'image' ? spec.spec.ServiceSpecs.filter((id) => id !== ALL_WORKLOADS).map(normalId) : [];
}
