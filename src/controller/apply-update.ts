import { backoffMs, type Clock, FluxError, type Logger } from '../base/index.ts';
import { type EventLog, formatJobNote } from '../record/index.ts';
import { planUpdate, type UpdatePlan, type UpdateSpec } from '../update/index.ts';
import type { JobResult } from './jobs.ts';
import { type ControllerMetrics, measuredRelease } from './metrics.ts';
import type { Cancellable, Cluster, ImageWatch, Revision, Source } from './ports.ts';
import { commitEvent } from './sync-events.ts';
import type { RepositoryReader, RepositoryView } from './view.ts';

export interface UpdateOptions {
  readonly source: Source;
  readonly reader: RepositoryReader;
  readonly cluster: Cluster;
  readonly images: ImageWatch;
  readonly events: Pick<EventLog, 'add'>;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A push that loses a race is planned anew this often before the job fails. */
const ATTEMPTS = 6;
const RETRY = { initialMs: 100, maxMs: 2_000 };

/**
 * Carries an update out: plan it on the newest revision, commit, push. When somebody else pushed first, their commit stands and the
 * update is planned again on it; it is never forced or merged blindly.
 */
export async function applyUpdate(
  jobId: string,
  spec: UpdateSpec,
  options: UpdateOptions,
  cancel: Cancellable = {},
): Promise<JobResult> {
  const { source, reader, events, metrics, clock, log } = options;
  const startedAt = clock.now();
  for (let attempt = 0; ; attempt += 1) {
    const base = await newest(source, cancel);
    const plan = await planOn(base, spec, options, cancel);
    if (plan.edits.length === 0) return withoutCommit(spec, plan);
    try {
      const revision = await commit(jobId, base, spec, plan, source, cancel);
      log.info({ jobId, revision, message: plan.message.split('\n', 1)[0] }, 'update pushed');
      metrics.committed(spec.type);
      events.add(commitEvent(revision, spec, plan.result, startedAt));
      // Whoever hears that the job is done may look at once, and listings show what was read last. The sync that follows needs it too.
      await reader
        .read(revision, cancel)
        .catch((error: unknown) => log.warn({ jobId, revision, err: error }, 'pushed revision not read yet'));
      return { revision, spec, result: plan.result };
    } catch (error) {
      if (!(error instanceof FluxError) || error.code !== 'git/push-raced' || attempt + 1 >= ATTEMPTS) throw error;
      log.info({ jobId, attempt: attempt + 1 }, 'somebody else pushed first, planning the update again');
      await clock.sleep(backoffMs(attempt, RETRY), cancel);
    }
  }
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
  const { source, reader, cluster, images } = options;
  const view = await reader.read(base, cancel);
  const readFile = await fileReader(view, source, cancel);
  const context = { manifests: view.manifests, readFile, workloads: cluster, images, ...cancel };
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

function commit(
  jobId: string,
  base: Revision,
  spec: UpdateSpec,
  plan: UpdatePlan,
  source: Source,
  cancel: Cancellable,
): Promise<Revision> {
  const note = formatJobNote({ jobId, spec, result: spec.type === 'policy' ? null : plan.result });
  const author = spec.cause.User === '' ? {} : { author: spec.cause.User };
  return source.commit({ base, edits: plan.edits, message: plan.message, ...author, jobId, note }, cancel);
}

/** A policy that is set already is fine; a release that changes nothing is an error (Flux v1, and what fluxctl expects). */
function withoutCommit(spec: UpdateSpec, plan: UpdatePlan): JobResult {
  if (spec.type === 'policy') return { spec, result: plan.result };
  throw new FluxError('no changes made in repo', {
    code: 'update/no-changes',
    fault: 'user',
    help: 'Every workload was up to date, locked, filtered out or not found. Run the release with --dry-run -vv to see why for each.',
  });
}
