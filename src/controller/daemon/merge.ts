import type { NonEmpty } from '../../base/index.ts';
import { addCounts } from '../../change/index.ts';
import type { UpdateResult, UpdateStatus } from '../../update/index.ts';
import type { HeldDeletions } from '../sync/approvals.ts';
import { objectKey } from '../sync/object-states.ts';
import type { Daemon, HealthReport, JobStatus, ReadOnlyReason, SyncReport, WorkloadImages, WorkloadStatus } from './daemon.ts';

/** What the sources of one daemon answer, as one answer. The lists are in the order of the sources, and not empty. */

/** Separates the ids of several sources in one: UUIDs and hashes do not contain it. */
export const AND = '.';

/** The same workload is in every list; the source that can change it knows most of it. */
export function mergeWorkloads(lists: readonly (readonly WorkloadStatus[])[]): readonly WorkloadStatus[] {
  return mergeById(lists.flat(), (each) => READ_ONLY.indexOf(each.readOnly));
}

/** From the one that can change it to those that know nothing of it. */
const READ_ONLY: readonly ReadOnlyReason[] = ['', 'ReadOnlyMode', 'System', 'NotReady', 'NoRepo', 'NotInRepo'];

/** The same; `owner` is the number of the source that has a workload, whose policies count. */
export function mergeImages(
  lists: readonly (readonly WorkloadImages[])[],
  owner: ReadonlyMap<string, number>,
): readonly WorkloadImages[] {
  const entries = lists.flatMap((list, index) =>
    list.map((images) => ({ id: images.id, images, isOwn: owner.get(images.id) === index })),
  );
  return mergeById(entries, ({ isOwn }) => (isOwn ? 0 : 1)).map(({ images }) => images);
}

/** The entry with the lowest rank for each id, in the order of the first list that has it. */
function mergeById<T extends { readonly id: string }>(entries: readonly T[], rankOf: (entry: T) => number): readonly T[] {
  const best = new Map<string, T>();
  for (const entry of entries) {
    const known = best.get(entry.id);
    if (known === undefined || rankOf(entry) < rankOf(known)) best.set(entry.id, entry);
  }
  return [...best.values()];
}

/** A source without changes does not make the job of the others fail. */
export function mergeJobs(jobs: readonly JobStatus[]): JobStatus {
  const hasSucceeded = jobs.some(({ state }) => state === 'succeeded');
  const counted = jobs.filter(({ noChanges }) => !(hasSucceeded && noChanges));
  const state =
    (['running', 'failed', 'succeeded'] as const).find((each) => counted.some((job) => job.state === each)) ?? 'queued';
  const isOver = counted.every((job) => job.state === 'failed' || job.state === 'succeeded');
  const errors = counted.flatMap(({ error }) => (error === '' ? [] : [error]));
  const revision = counted.find((job) => job.revision !== undefined)?.revision;
  const pullRequests = counted.flatMap((job) => job.pullRequests ?? []);
  const spec = counted.find((job) => job.spec !== undefined)?.spec;
  const results = counted.flatMap(({ result }) => (result ? [result] : []));
  return {
    state: isOver || state === 'queued' ? state : 'running',
    error: isOver ? [...new Set(errors)].join('; ') : '',
    ...(revision === undefined ? {} : { revision }),
    ...(pullRequests.length === 0 ? {} : { pullRequests }),
    ...(spec === undefined ? {} : { spec }),
    ...(results.length === 0 ? {} : { result: mergeResults(results) }),
  };
}

/** The source that did most with a workload is the one that has it. */
function mergeResults(results: readonly UpdateResult[]): UpdateResult {
  const merged: Record<string, UpdateResult[string]> = {};
  for (const [id, each] of results.flatMap((result) => Object.entries(result))) {
    const known = merged[id];
    if (known === undefined || STATUSES.indexOf(each.Status) < STATUSES.indexOf(known.Status)) merged[id] = each;
  }
  return merged;
}

const STATUSES: readonly UpdateStatus[] = ['success', 'failed', 'skipped', 'ignored', 'unknown'];

/** The revision is that of the first source. */
export function mergeReports(reports: NonEmpty<SyncReport>): SyncReport {
  const [first, ...others] = reports;
  if (others.length === 0) return first;
  const { revision, previous } = first;
  const isDone = reports.every(({ state }) => state === 'done');
  const isQueued = reports.every(({ state }) => state === 'queued');
  const started = reports.flatMap(({ startedAt }) => startedAt ?? []);
  const finished = reports.flatMap(({ finishedAt }) => finishedAt ?? []);
  const failure = reports.find((each) => each.failure)?.failure;
  const unverified = reports.find((each) => each.unverified)?.unverified;
  const sources = reports.flatMap((each) => each.sources ?? []);
  return {
    id: reports.map(({ id }) => id).join(AND),
    state: isDone ? 'done' : isQueued ? 'queued' : 'running',
    ...(revision === undefined ? {} : { revision }),
    ...(previous === undefined ? {} : { previous }),
    ...(started.length === 0 ? {} : { startedAt: Math.min(...started) }),
    ...(isDone && finished.length > 0 ? { finishedAt: Math.max(...finished) } : {}),
    counts: addCounts(reports.map(({ counts }) => counts)),
    changes: reports.flatMap(({ changes }) => changes),
    errors: reports.flatMap(({ errors }) => errors),
    warnings: reports.flatMap(({ warnings }) => warnings),
    ...(sources.length > 0 ? { sources } : {}),
    ...(failure ? { failure } : {}),
    ...(unverified ? { unverified } : {}),
  };
}

/** The revision is that of the first source. */
export function mergeHealth(reports: NonEmpty<HealthReport>): HealthReport {
  return {
    revision: reports[0].revision,
    settled: reports.every(({ settled }) => settled),
    counts: addCounts(reports.map(({ counts }) => counts)),
    objects: reports.flatMap(({ objects }) => objects),
  };
}

/** Each source has a list of its own to approve, and the same orphans. */
export function mergeHeld(lists: readonly HeldDeletions[]): HeldDeletions {
  const hashes = lists.flatMap(({ hash }) => hash ?? []);
  const approved = lists.flatMap((list) => list.approved ?? []);
  const orphans = new Map(lists.flatMap((list) => list.orphans ?? []).map((each) => [`${each.id} ${each.uid ?? ''}`, each]));
  return {
    ...(hashes.length === 0 ? {} : { hash: hashes.join(AND) }),
    deletions: lists.flatMap(({ deletions }) => deletions),
    ...(approved.length === 0
      ? {}
      : {
          approved: {
            hash: approved.map(({ hash }) => hash).join(AND),
            deletions: approved.flatMap(({ deletions }) => deletions),
          },
        }),
    ...(orphans.size === 0 ? {} : { orphans: [...orphans.values()] }),
  };
}

/** The revision and the time are those of the first source. */
export function mergeObjects(views: NonEmpty<ReturnType<Daemon['objects']>>): ReturnType<Daemon['objects']> {
  const [{ revision, syncedAt }] = views;
  const failure = views.find((view) => view.failure)?.failure;
  const unverified = views.find((view) => view.unverified)?.unverified;
  return {
    ...(revision === undefined ? {} : { revision }),
    ...(syncedAt === undefined ? {} : { syncedAt }),
    follows: views.flatMap(({ follows }) => follows),
    ...(failure ? { failure } : {}),
    ...(unverified ? { unverified } : {}),
    objects: views.flatMap(({ objects }) => objects).toSorted((a, b) => (objectKey(a) < objectKey(b) ? -1 : 1)),
  };
}

/** Ready if all are. */
export function mergeReadiness(
  all: readonly { readonly name: string; readonly ready: boolean; readonly reason: string }[],
): ReturnType<Daemon['readiness']> {
  const reasons = all.flatMap(({ name, reason }) => (reason === '' ? [] : [`source ${name}: ${reason}`]));
  return { ready: all.every(({ ready }) => ready), reason: reasons.join('; ') };
}
