import { asFluxError, begin, type Cancellable, type Clock, FluxError, messageOf, yieldTurn } from '../../base/index.ts';
import type { Change, ObjectDiff, Orphan, Plan, PlanRequest } from '../../change/index.ts';
import { recordedAllowPrune, recordedUnconfirmed } from '../../record/index.ts';
import type { Commit, Revision } from '../../repository/index.ts';
import type { Problem } from '../../resource/index.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader } from '../repository/view.ts';
import type { Approvals } from './approvals.ts';
import { syncedCommits } from './synced-commits.ts';

export interface SyncOptions {
  readonly source: Source;
  readonly reader: RepositoryReader;
  readonly cluster: Cluster;
  readonly recorder: SyncRecorder;
  readonly syncSet: string;
  readonly garbageCollection: 'off' | 'dry' | 'on';
  /** Without a confirmation no more objects than these are deleted. */
  readonly deletionLimit: number;
  readonly approvals: Approvals;
  /** What the last sync of this process came to; nothing was applied before its first. */
  readonly progress: { readonly applied: Revision | undefined; readonly unconfirmed: boolean };
  /** Limit of reading and planning, ms. Applying has a deadline for each request instead: it is never cut in the middle. */
  readonly timeoutMs: number;
  /** Called at each answer while the plan is carried out. */
  readonly onProgress: () => void;
  readonly clock: Clock;
}

/** What one sync came to. */
export interface SyncOutcome {
  readonly revision: Revision;
  readonly previous?: Revision;
  /** How many deletions a person had confirmed by commit. */
  readonly allowPrune?: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** One for each object, unchanged ones included. */
  readonly changes: readonly Change[];
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** What was left alone because it may be another's. */
  readonly orphans?: readonly Orphan[];
  /** Deletions wait for a person to confirm them. */
  readonly unconfirmed?: true;
  /** Set when the outcome could not be recorded in Git; recording is tried again without applying again. */
  readonly unrecorded?: FluxError;
}

export interface SyncRecorder {
  /** Moves the sync tag and writes the record of the sync, unless Git says the same already. */
  record(outcome: SyncOutcome, options?: Cancellable): Promise<void>;
  /** Writes down, before anything is deleted, how many of the deletions that a commit confirms are left. */
  claim(revision: Revision, left: number, options?: Cancellable): Promise<void>;
}

/** How far back a person's `Allow-Prune` is looked for. */
const MAX_COMMITS = 1000;

/**
 * One sync: read what the revision wants, plan it against the cluster, apply the plan, record what happened. Each step
 * returns data; none knows the next. Trouble with single files and objects is in the outcome, not thrown.
 * @throws FluxError when the revision cannot be read or the cluster cannot be asked at all; nothing was changed then. When the signal
 * aborts, its reason: what was done until then is seen by the next sync, here or elsewhere.
 */
export async function sync(revision: Revision, options: SyncOptions, { signal }: Cancellable = {}): Promise<SyncOutcome> {
  const { source, reader, cluster, recorder, approvals, clock } = options;
  const { startedAt, ended } = begin(clock);
  using deadline = clock.deadline(options.timeoutMs, signal);
  const limited = { signal: deadline.signal };
  // What is approved from now on is for the sync that the approval asks for: its report says what became of it.
  const { approved, approvedOrphans } = approvals;

  const previous = await source.syncTag();
  // Asked for before the record needs it, so that git looks while others work here; whoever asks again is told of a failure.
  syncedCommits(source, { previous, revision }).catch(() => undefined);
  const [{ state }, allowPrune] = await Promise.all([
    reader.read(revision, limited),
    options.garbageCollection === 'on' ? confirmedDeletions(source, previous, revision) : undefined,
  ]);
  const earlier = await leftByOthers(previous, revision, options, limited);
  await yieldTurn(deadline.signal);
  const request: PlanRequest = {
    desired: state,
    syncSet: options.syncSet,
    garbageCollection: options.garbageCollection,
    deletionLimit: options.deletionLimit,
    approved,
    approvedOrphans,
    ...earlier,
  };
  const confirmed = await cluster.plan({ ...request, ...(allowPrune === undefined ? {} : { allowPrune }) }, limited);
  const unclaimed = allowPrune === undefined ? undefined : await claim(confirmed, revision, allowPrune, recorder, limited);
  const plan = unclaimed ? await cluster.plan(request, limited) : confirmed;
  await yieldTurn(signal);
  const changes = await cluster.apply(plan, { onProgress: options.onProgress, ...(signal ? { signal } : {}) });
  signal?.throwIfAborted();
  approvals.update(changes, plan.orphans);
  const outcome: SyncOutcome = {
    revision,
    ...(previous === undefined ? {} : { previous }),
    // Of one that could not be claimed all is left.
    ...(allowPrune === undefined ? {} : { allowPrune }),
    startedAt,
    finishedAt: ended(),
    changes,
    errors: state.errors,
    warnings: [...state.warnings, ...(unclaimed ? [{ error: unclaimed }] : []), ...changes.flatMap(applyWarnings)],
    ...(plan.orphans ? { orphans: plan.orphans } : {}),
    // Where garbage is not collected, it is as it was.
    ...((plan.unconfirmed ?? earlier.unconfirmed ?? options.progress.unconfirmed) ? { unconfirmed: true } : {}),
  };
  try {
    await recorder.record(outcome, signal ? { signal } : {});
    return outcome;
  } catch (error) {
    return { ...outcome, unrecorded: asFluxError(error, { code: 'sync/unrecorded' }) };
  }
}

/** What the first sync of a process, or of a term, has to know of those before it, by Git alone. */
async function leftByOthers(
  previous: Revision | undefined,
  revision: Revision,
  { source, reader, progress }: Pick<SyncOptions, 'source' | 'reader' | 'progress'>,
  cancel: Cancellable,
): Promise<Pick<PlanRequest, 'unconfirmed' | 'before'>> {
  if (progress.applied !== undefined) return {};
  const record = previous === undefined ? undefined : await source.syncRecord(previous);
  const unconfirmed = record !== undefined && recordedUnconfirmed(record);
  if (previous === revision) return { unconfirmed };
  try {
    return { unconfirmed, before: previous === undefined ? [] : (await reader.readAside(previous, cancel)).manifests };
  } catch (error) {
    cancel.signal?.throwIfAborted();
    // A revision that rewritten history has dropped, or a path that it did not have: nothing is certain.
    if (error instanceof FluxError) return { unconfirmed, before: [] };
    throw error;
  }
}

/** What applying warned of, with the place of the manifest. */
export function applyWarnings({ id, place, warnings = [] }: Change | ObjectDiff): readonly Problem[] {
  return warnings.map((error) => ({ ...place, id, error }));
}

/**
 * A confirmation counts once, whatever becomes of this process and of its sync tag: what is used of it stands in Git before anything
 * is deleted by it. Resolves to why it cannot, and then the confirmation does not count in this sync.
 */
async function claim(
  plan: Plan,
  revision: Revision,
  allowPrune: number,
  recorder: SyncRecorder,
  cancel: Cancellable,
): Promise<FluxError | undefined> {
  const used = plan.entries.filter(({ action }) => action === 'prune').length;
  if (used === 0) return undefined;
  try {
    await recorder.claim(revision, Math.max(0, allowPrune - used), cancel);
    return undefined;
  } catch (error) {
    cancel.signal?.throwIfAborted();
    return new FluxError(
      `Allow-Prune: ${allowPrune} does not count yet: the note that it is used could not be written to Git: ${messageOf(error)}`,
      {
        code: 'gc/unclaimed',
        help: 'Without that note it would count again after a restart. The next sync tries again. Give fluxd write access to its notes, or confirm with `fluxctl gc approve`.',
        cause: error,
      },
    );
  }
}

/**
 * The largest N of `Allow-Prune: N` that a person wrote in a commit since the last sync. Where there is no such range (without a last
 * sync, after history was rewritten, at an unchanged revision) only the newest commit counts. Of commits that have a record, and those
 * before them, only that counts which the record says is still to be done: what was confirmed once must not confirm other deletions later.
 */
export async function confirmedDeletions(
  source: Source,
  previous: Revision | undefined,
  revision: Revision,
): Promise<number | undefined> {
  const from =
    previous !== undefined && previous !== revision && (await isAncestor(source, previous, revision)) ? previous : undefined;
  const commits = await source.commits({ from, to: revision, limit: from === undefined ? 1 : MAX_COMMITS, allPaths: true });
  if (largestConfirmation(commits) === undefined) return undefined;
  const [recorded] = await source.syncRecords(
    commits.map((commit) => commit.revision),
    1,
  );
  if (!recorded) return largestConfirmation(commits);
  const used = commits.findIndex((commit) => commit.revision === recorded.revision);
  const earlier = largestConfirmation(commits.slice(used));
  const left = earlier === undefined ? undefined : recordedAllowPrune(recorded.text, earlier);
  const newer = largestConfirmation(commits.slice(0, used));
  return left === undefined || newer === undefined ? (left ?? newer) : Math.max(left, newer);
}

function largestConfirmation(commits: readonly Commit[]): number | undefined {
  const numbers = commits
    .filter((commit) => !commit.ours)
    .flatMap((commit) => commit.trailers)
    .filter(({ name, value }) => name === 'allow-prune' && /^\d{1,6}$/.test(value))
    .map(({ value }) => Number(value));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

async function isAncestor(source: Source, older: Revision, newer: Revision): Promise<boolean> {
  if ((await source.resolve(older)) === undefined) return false;
  return (await source.commits({ from: newer, to: older, limit: 1, allPaths: true })).length === 0;
}
