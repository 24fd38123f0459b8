import { begin, type Cancellable, type Clock, FluxError, yieldTurn } from '../../base/index.ts';
import type { Change, ObjectDiff, PlanRequest } from '../../change/index.ts';
import { recordedUnconfirmed } from '../../record/index.ts';
import type { AcceptedRevision, Revision } from '../../repository/index.ts';
import type { Manifest, Problem } from '../../resource/index.ts';
import type { Progress } from '../loop/progress.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader } from '../repository/view.ts';
import { claimAllowPrune, confirmedDeletions } from './allow-prune.ts';
import type { Approvals } from './approvals.ts';
import { changeCauses } from './change-causes.ts';
import { type LastSynced, lastSynced } from './last-synced.ts';
import { readNewCommits } from './new-commits.ts';
import { withoutNewUnits } from './new-units.ts';
import { renderingDoubt, unitCounts, unitsBefore } from './rendering-doubt.ts';
import { type Rewritten, rewrittenHistory } from './rewritten.ts';
import type { SyncOutcome } from './sync-outcome.ts';
import type { SyncRecorder } from './sync-recorder.ts';

export interface SyncOptions {
  readonly source: Source;
  readonly reader: RepositoryReader;
  readonly cluster: Cluster;
  readonly recorder: Pick<SyncRecorder, 'claim'>;
  readonly syncSet: string;
  readonly garbageCollection: 'off' | 'dry' | 'on';
  /** Whether new pod templates carry the subject of their commit. */
  readonly changeCause?: boolean;
  /** Limit of deletions without approval. */
  readonly deletionLimit: number;
  readonly approvals: Approvals;
  /** The outcome of the last sync of this process; undefined before its first. */
  readonly progress: Pick<Progress, 'applied' | 'onlyRecorded' | 'unconfirmed' | 'units' | 'changeCauses'>;
  /**
   * A later revision that may have been applied, unrecorded: nothing is deleted then, and what that revision may have changed is left as
   * it is.
   */
  readonly later?: Revision;
  /** Timeout of reading and planning, in milliseconds. Applying has timeouts for each request instead, so that it is never cut off. */
  readonly timeoutMs: number;
  /** Called at each response during the apply. */
  readonly onProgress: () => void;
  readonly clock: Clock;
}

/**
 * One sync: reads the manifests of the revision, plans them against the cluster, and applies the plan. Each step returns data and is
 * independent of the next. Errors of individual files and objects are part of the outcome, which is published and recorded afterwards.
 * @throws FluxError if the revision is unreadable or the cluster unreachable; nothing was changed then. If the signal aborts, its reason;
 * the next sync, here or elsewhere, continues from the cluster's state.
 */
export async function sync(revision: AcceptedRevision, options: SyncOptions, cancel: Cancellable = {}): Promise<SyncOutcome> {
  const { signal } = cancel;
  const { source, reader, cluster, recorder, approvals, clock, later } = options;
  const garbageCollection = later === undefined ? options.garbageCollection : 'off';
  const { startedAt, ended } = begin(clock);
  using deadline = clock.deadline(options.timeoutMs, signal);
  const limited = { signal: deadline.signal };
  // Later approvals apply to the sync that they request, whose report shows their outcome.
  const { approved, approvedOrphans } = approvals.inForce;

  const last = await lastSynced(source, revision, limited);
  const previous = last.known;
  const rewritten = await historyRewritten(last, revision, options, limited);
  // Started before the outcome needs it, so that git runs in parallel.
  const readingCommits = readNewCommits(source, { previous, revision }, limited);
  const [view, allowPrune] = await Promise.all([
    reader.read(revision, limited),
    garbageCollection === 'on' ? confirmedDeletions(source, last, revision) : undefined,
  ]);
  const earlier = await leftByOthers(last, revision, options, limited);
  const before = await unitsBefore(last, source, options.progress);
  const state = withoutNewUnits(view.state, before);
  const units = unitCounts(state, before);
  const doubt = rewritten?.doubt ?? renderingDoubt(before, units);
  const from = options.progress.applied ?? previous;
  const newCauses =
    options.changeCause && from !== undefined && from !== revision && later === undefined
      ? await changeCauses(
          source,
          {
            from,
            to: revision,
            before: await manifestsAt(from, reader, limited),
            now: state.manifests,
            newCommits: await readingCommits,
          },
          limited,
        )
      : undefined;
  // Of what waited in the sync before, of an earlier revision perhaps, they are known since then.
  const causes = new Map([...options.progress.changeCauses, ...(newCauses ?? [])]);
  await yieldTurn(deadline.signal);
  const request: PlanRequest = {
    desired: state,
    syncSet: options.syncSet,
    garbageCollection,
    deletionLimit: options.deletionLimit,
    approved,
    approvedOrphans,
    ...earlier,
    ...(causes.size > 0 ? { changeCauses: causes } : {}),
    ...(doubt === undefined ? {} : { doubt }),
    ...(later === undefined ? {} : { maybeApplied: await manifestsAt(later, reader, limited) }),
  };
  const confirmed = await cluster.plan({ ...request, ...(allowPrune === undefined ? {} : { allowPrune }) }, limited);
  const unclaimed =
    allowPrune === undefined ? undefined : await claimAllowPrune(confirmed, revision, allowPrune, recorder, limited);
  const plan = unclaimed ? await cluster.plan(request, limited) : confirmed;
  await yieldTurn(signal);
  const changes = await cluster.apply(plan, { onProgress: options.onProgress, ...cancel });
  signal?.throwIfAborted();
  approvals.update(changes, plan.orphans);
  const finishedAt = ended();
  const firstRead = await readingCommits;
  const newCommits = firstRead.state === 'read' ? firstRead : await readNewCommits(source, { previous, revision }, cancel);
  signal?.throwIfAborted();
  return {
    revision,
    ...(later === undefined ? {} : { onlyRecorded: true }),
    ...(previous === undefined ? {} : { previous }),
    // Without a claim all deletions are left.
    ...(allowPrune === undefined ? {} : { allowPrune }),
    startedAt,
    finishedAt,
    changes,
    errors: state.errors,
    warnings: [
      ...state.warnings,
      ...(rewritten ? [{ error: rewritten.error }] : []),
      ...(unclaimed ? [{ error: unclaimed }] : []),
      ...changes.flatMap(applyWarnings),
    ],
    ...(plan.orphans ? { orphans: plan.orphans } : {}),
    ...(state.units ? { units } : {}),
    // Unchanged without garbage collection.
    ...((plan.unconfirmed ?? earlier.unconfirmed ?? options.progress.unconfirmed) ? { unconfirmed: true } : {}),
    ...(causes.size > 0 && changes.some(({ waitsFor }) => waitsFor) ? { changeCauses: causes } : {}),
    newCommits,
    workloads: view.workloads,
  };
}

/** What the first sync of a process, or of a term, needs to know of earlier ones, from their records. */
async function leftByOthers(
  { marked, known }: LastSynced,
  revision: Revision,
  { source, reader, progress }: Pick<SyncOptions, 'source' | 'reader' | 'progress'>,
  cancel: Cancellable,
): Promise<Pick<PlanRequest, 'unconfirmed' | 'before'>> {
  if (progress.applied !== undefined && !progress.onlyRecorded) return {};
  const revisions = [...new Set([marked, known])].filter((each) => each !== undefined);
  const records = await Promise.all(revisions.map((each) => source.syncRecord(each)));
  const unconfirmed = records.some((record) => record !== undefined && recordedUnconfirmed(record));
  if (marked === revision) return { unconfirmed };
  return { unconfirmed, before: marked === undefined ? [] : await manifestsAt(marked, reader, cancel) };
}

/** Whether the branch continues what was applied last: by this process, or else as far as it is recorded. */
async function historyRewritten(
  { known, lineage }: LastSynced,
  revision: Revision,
  { source, progress }: Pick<SyncOptions, 'source' | 'progress'>,
  cancel: Cancellable,
): Promise<Rewritten | undefined> {
  const from = progress.applied ?? known;
  if (from === undefined) return undefined;
  const relation = from === known ? lineage : await source.lineage(from, revision, cancel);
  return relation && rewrittenHistory(relation, { from, to: revision, follows: source.follows() });
}

/** The manifests of another revision; none if nothing is certain of it. */
async function manifestsAt(
  revision: Revision,
  reader: Pick<RepositoryReader, 'readAside'>,
  cancel: Cancellable,
): Promise<readonly Manifest[]> {
  try {
    return (await reader.readAside(revision, cancel)).manifests;
  } catch (error) {
    cancel.signal?.throwIfAborted();
    // The revision was removed by rewriting history, or lacks a path.
    if (error instanceof FluxError) return [];
    throw error;
  }
}

/** Warnings of the apply, with the location of the manifest. */
export function applyWarnings({ id, place, warnings = [] }: Change | ObjectDiff): readonly Problem[] {
  return warnings.map((error) => ({ ...place, id, error }));
}
