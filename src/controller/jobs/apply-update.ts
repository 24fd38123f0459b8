import { backoffMs, type Clock, FluxError, type Logger, messageOf } from '../../base/index.ts';
import type { ManifestThread } from '../../manifests/index.ts';
import { type EventLog, formatJobNote } from '../../record/index.ts';
import { ALL_WORKLOADS, normalId, planUpdate, UP_TO_DATE, type UpdatePlan, type UpdateSpec } from '../../update/index.ts';
import { type ControllerMetrics, measuredRelease } from '../metrics.ts';
import type { Cancellable, Cluster, CommitRequest, ImageWatch, Revision, Source } from '../ports.ts';
import type { RepositoryReader, RepositoryView } from '../repository/view.ts';
import { commitEvent } from '../sync/sync-events.ts';
import type { JobResult } from './jobs.ts';

export interface UpdateOptions {
  readonly source: Source;
  readonly reader: RepositoryReader;
  /** Changes long files. Default: one of its own for each update. */
  readonly thread?: ManifestThread;
  readonly cluster: Cluster;
  readonly images: ImageWatch;
  readonly events: Pick<EventLog, 'add'>;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often an update is tried again before the job fails: after a push that lost a race, and after trouble that may pass. */
const RACED = { retries: 5, initialMs: 100, maxMs: 2_000 };
const TROUBLED = { retries: 2, initialMs: 1_000, maxMs: 4_000 };

/** What may be over at the next try: a connection that broke, a git that was killed, a registry that was asked in vain. */
const PASSING: readonly string[] = [
  'git/unreachable',
  'git/command-failed',
  'git/timeout',
  'git/not-run',
  'git/mirror-broken',
  'git/push-unanswered',
  'git/push-unknown',
  'update/registry-failed',
];

/**
 * Carries an update out: plan it on the newest revision, commit, push. When somebody else pushed first, their commit stands and the
 * update is planned again on it (R-033); it is never forced or merged blindly. What fails by trouble that may pass is tried again, once
 * it is known that the commit did not arrive all the same (R-035).
 */
export async function applyUpdate(
  jobId: string,
  spec: UpdateSpec,
  options: UpdateOptions,
  cancel: Cancellable = {},
): Promise<JobResult> {
  const { source, reader, events, metrics, clock, log } = options;
  const startedAt = clock.now();
  const failed = { raced: 0, troubled: 0 };
  /** What was tried last, if its push may have begun. */
  let tried: { readonly request: CommitRequest; readonly plan: UpdatePlan } | undefined;
  let trouble: unknown;
  /** The error of a push of which nobody knows yet whether it arrived. */
  let unknown: unknown;
  let isPushing = false;
  let waitMs = 0;
  for (;;) {
    try {
      if (waitMs > 0) await clock.sleep(waitMs, cancel);
      const base = await newest(source, cancel);
      const arrived = tried && (await source.arrived(tried.request, cancel));
      if (tried && arrived !== undefined) return await pushed(arrived, tried.plan);
      unknown = undefined;
      const plan = await planOn(base, spec, options, cancel);
      if (plan.edits.length === 0) return withoutCommit(spec, plan);
      tried = { request: commitRequest(jobId, base, spec, plan), plan };
      isPushing = true;
      const revision = await source.commit(tried.request, cancel);
      isPushing = false;
      return await pushed(revision, plan);
    } catch (error) {
      if (error instanceof FluxError && error.code === 'git/push-unknown') unknown = error;
      else if (isPushing && cancel.signal?.aborted) unknown = interrupted(trouble ?? error);
      isPushing = false;
      // When its time is over, what kept it from ending says more than that.
      if (cancel.signal?.aborted) throw unknown ?? trouble ?? error;
      const pauseMs = pauseAfter(error, failed);
      if (pauseMs === undefined) throw unknown ?? error;
      log.info({ jobId, err: error }, 'update is tried again');
      trouble = error;
      waitMs = pauseMs;
    }
  }

  async function pushed(revision: Revision, plan: UpdatePlan): Promise<JobResult> {
    log.info({ jobId, revision, message: plan.message.split('\n', 1)[0] }, 'update pushed');
    metrics.committed(spec.type);
    events.add(commitEvent(revision, spec, plan.result, startedAt));
    // Whoever hears that the job is done may look at once, and listings show what was read last. The sync that follows needs it too.
    await reader
      .read(revision, cancel)
      .catch((error: unknown) => log.warn({ jobId, revision, err: error }, 'pushed revision not read yet'));
    return { revision, spec, result: plan.result };
  }
}

/** The time of the job was over, or this daemon stops, in the middle of a push. */
function interrupted(error: unknown): FluxError {
  return new FluxError(`it is not known whether the push arrived: ${messageOf(error)}`, {
    code: 'git/push-unknown',
    help: 'The next fetch shows whether the commit is in the branch.',
    cause: error,
  });
}

/** How long to wait before an update that failed is tried again, in milliseconds; undefined when it is not. Counts. */
function pauseAfter(error: unknown, failed: { raced: number; troubled: number }): number | undefined {
  if (!(error instanceof FluxError)) return undefined;
  if (error.code === 'git/push-raced') {
    failed.raced += 1;
    return failed.raced > RACED.retries ? undefined : backoffMs(failed.raced - 1, RACED);
  }
  if (!PASSING.includes(error.code) || error.fault !== 'server') return undefined;
  failed.troubled += 1;
  return failed.troubled > TROUBLED.retries ? undefined : backoffMs(failed.troubled - 1, TROUBLED);
}

/** What an update would do, without doing it. */
export async function dryRunUpdate(spec: UpdateSpec, options: UpdateOptions, cancel: Cancellable = {}): Promise<JobResult> {
  const base = options.source.head() ?? (await newest(options.source, cancel));
  const plan = await planOn(base, spec, options, cancel);
  return { spec, result: plan.result };
}

/** The head of the branch now; before the first clone a failure says that there is none yet, in Flux v1's words. */
async function newest(source: Source, cancel: Cancellable): Promise<Revision> {
  try {
    return await source.fetch(cancel);
  } catch (error) {
    if (!(error instanceof FluxError) || error.code === 'git/unconfigured' || source.head() !== undefined) throw error;
    const { message, fault, help } = error;
    const hint = help === undefined ? {} : { help };
    throw new FluxError(`git repo not ready: ${message}`, { code: 'git/not-ready', fault, cause: error, ...hint });
  }
}

/** Whether a spec asks for a commit: a release of another kind than `execute` only calculates (Flux v1). */
export function asksForCommit(spec: UpdateSpec): boolean {
  return (spec.type !== 'image' && spec.type !== 'containers') || spec.spec.Kind === 'execute';
}

async function planOn(base: Revision, spec: UpdateSpec, options: UpdateOptions, cancel: Cancellable): Promise<UpdatePlan> {
  const { source, reader, thread, cluster, images } = options;
  const view = await reader.read(base, cancel);
  const readFile = await fileReader(view, source, cancel);
  const context = { manifests: view.manifests, readFile, workloads: cluster, images, ...(thread ? { thread } : {}), ...cancel };
  return measuredRelease(spec, options, (timed) => planUpdate(spec, { ...context, ...(timed ? { timed } : {}) }));
}

async function fileReader(
  { revision }: RepositoryView,
  source: Source,
  cancel: Cancellable,
): Promise<(path: string) => Promise<string>> {
  const files = new Map((await source.files(revision, cancel)).map((file) => [file.path, file.blob]));
  return async (path) => {
    const blob = files.get(path);
    if (blob === undefined) throw new FluxError(`${path} is not in revision ${revision}`, { code: 'update/file-missing' });
    return (await source.blob(blob, cancel)).toString('utf8');
  };
}

function commitRequest(jobId: string, base: Revision, spec: UpdateSpec, { edits, message, result }: UpdatePlan): CommitRequest {
  const note = formatJobNote({ jobId, spec, result: spec.type === 'policy' ? null : result });
  const author = spec.cause.User === '' ? {} : { author: spec.cause.User };
  return { base, edits, message, ...author, jobId, note };
}

/** A policy that is set already is fine; a release that changes nothing is an error (Flux v1, and what fluxctl expects): what failed, if anything. */
function withoutCommit(spec: UpdateSpec, plan: UpdatePlan): JobResult {
  if (spec.type === 'policy') return { spec, result: plan.result };
  if (plan.failure) throw plan.failure;
  const reasons = reasonsOf(spec, plan);
  throw new FluxError(`no changes made in repo${reasons === '' ? '' : `: ${reasons}`}`, {
    code: 'update/no-changes',
    fault: 'user',
    help: 'Every workload was up to date, locked, filtered out or not found. Run the release with --dry-run -vv to see why for each.',
  });
}

/** Of the workloads that a release names: why they were not released, unless they are up to date. */
function reasonsOf(spec: UpdateSpec, { result }: UpdatePlan): string {
  if (spec.type !== 'image') return '';
  const named = spec.spec.ServiceSpecs.filter((id) => id !== ALL_WORKLOADS).map(normalId);
  const reasons = named.flatMap((id) => {
    const reason = result[id]?.Error;
    return reason === undefined || reason === UP_TO_DATE ? [] : [`${id}: ${reason}`];
  });
  return [...new Set(reasons)].join('; ');
}
