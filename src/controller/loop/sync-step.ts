import {
  asFluxError,
  begin,
  type Cancellable,
  createChangedOnly,
  type FluxError,
  hasCode,
  type Logger,
} from '../../base/index.ts';
import { type Change, isHeldDeletion } from '../../change/index.ts';
import type { AcceptedRevision } from '../../repository/index.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { SyncHistory } from '../sync/history.ts';
import { readNewCommits } from '../sync/new-commits.ts';
import { isRefusal } from '../sync/patient-recorder.ts';
import { type Audience, createPublished } from '../sync/publish-outcome.ts';
import { recordOf } from '../sync/record-of.ts';
import { type SyncOptions, sync } from '../sync/sync.ts';
import type { SyncOutcome } from '../sync/sync-outcome.ts';
import type { SyncRecorder } from '../sync/sync-recorder.ts';
import type { SyncReports } from '../sync/sync-reports.ts';
import type { Again } from './loop.ts';
import type { Progress } from './progress.ts';

export interface SyncStepOptions extends SyncOptions, Audience {
  readonly recorder: SyncRecorder;
  readonly reports: SyncReports;
  readonly progress: Progress;
  readonly history: SyncHistory;
  readonly metrics: Pick<ControllerMetrics, 'synced' | 'syncDone'>;
  readonly log: Logger;
}

interface SyncRequest {
  readonly report?: string | undefined;
  readonly overridden?: string | undefined;
  readonly later?: AcceptedRevision | undefined;
}

/**
 * The step of the loop that syncs: it applies a revision, publishes the outcome, records it in Git, and ends the report that asked for
 * it.
 */
export function createSyncStep(options: SyncStepOptions) {
  const { source, recorder, reports, progress, history, metrics, clock, log } = options;
  const published = createPublished(options);
  const changedOnly = createChangedOnly();

  /**
   * @param report The requested sync that this one answers.
   * @param overridden What was closed, if a person overrides it.
   * @param later A revision that may have been applied, unrecorded. Then this sync is not recorded either.
   */
  return async (
    revision: AcceptedRevision,
    { report, overridden, later }: SyncRequest,
    cancel: Cancellable,
  ): Promise<Again | undefined> => {
    const { startedAt, ended } = begin(clock);
    log.info({ revision, previous: progress.applied }, 'sync started');
    let outcome: SyncOutcome;
    try {
      await recordAgain(cancel);
      const done = await sync(revision, later === undefined ? options : { ...options, later }, cancel);
      outcome = overridden === undefined ? done : { ...done, windowOverridden: overridden };
      await published(outcome, cancel);
    } catch (error) {
      const failure = asFluxError(error, { code: 'sync/failed' });
      if (!cancel.signal?.aborted) {
        progress.failure = failure;
        history.failed(revision, startedAt, failure);
      }
      failed(failure);
      throw error;
    }
    const unrecorded = later === undefined ? await record(outcome, cancel) : undefined;
    if (cancel.signal?.aborted) {
      failed(asFluxError(cancel.signal.reason, { code: 'sync/failed' }));
      throw cancel.signal.reason;
    }
    progress.unrecorded = unrecorded && { outcome, error: unrecorded };
    progress.ended = revision;
    if (report !== undefined) reports.finish(report, outcome, unrecorded, source.unverified());
    syncDone(unrecorded === undefined);
    // Thrown so that the loop comes back soon; what was applied stays applied, only the record is missing.
    if (unrecorded && !isRefusal(unrecorded)) throw unrecorded;
    return leftUndone(outcome.changes) ?? (unrecorded ? 'later' : undefined);

    function failed(failure: FluxError): void {
      if (report !== undefined) reports.fail(report, failure, clock.now());
      syncDone(false);
    }

    function syncDone(success: boolean): void {
      const endedAt = ended();
      metrics.syncDone({ success, seconds: (endedAt - startedAt) / 1000, endedAt });
    }
  };

  /** Resolves to why the sync is not recorded. */
  async function record(outcome: SyncOutcome, cancel: Cancellable): Promise<FluxError | undefined> {
    try {
      await recorder.record(outcome, cancel);
    } catch (error) {
      const unrecorded = asFluxError(error, { code: 'sync/unrecorded' });
      const { message, help } = unrecorded;
      if (!cancel.signal?.aborted && changedOnly.hasChanged('record', message))
        log.warn({ revision: outcome.revision, error: message, help }, 'sync not recorded; retrying');
      return unrecorded;
    }
    changedOnly.recovered('record');
    return undefined;
  }

  /** A push that failed is tried again without applying again. While Git refuses it, syncing goes on. */
  async function recordAgain(cancel: Cancellable): Promise<void> {
    const { unrecorded } = progress;
    if (!unrecorded) return;
    try {
      await recorder.record(await withNewCommits(unrecorded.outcome, cancel), cancel);
      progress.unrecorded = undefined;
    } catch (error) {
      if (hasCode(error, 'git/revision-removed')) progress.unrecorded = undefined;
      // The sync reports a rejected push once.
      if (!isRefusal(error)) log.warn({ revision: unrecorded.outcome.revision, err: error }, 'sync still not recorded');
    }
  }

  /** Reads the new commits of a sync again if they are unread; its entry in the history then has their image updates. */
  async function withNewCommits(outcome: SyncOutcome, cancel: Cancellable): Promise<SyncOutcome> {
    if (outcome.newCommits.state === 'read') return outcome;
    const complete = { ...outcome, newCommits: await readNewCommits(source, outcome, cancel) };
    if (complete.newCommits.state === 'read') history.synced(recordOf(complete, options.daemon));
    return complete;
  }
}

/** The fault of an error shows whether it may be temporary. A held deletion may be resolved in the next sync. */
function leftUndone(changes: readonly Change[]): Again | undefined {
  const errors = changes.flatMap(({ error }) => error ?? []);
  if (errors.some(({ fault }) => fault !== 'user')) return 'soon';
  return errors.length > 0 || changes.some(isHeldDeletion) ? 'later' : undefined;
}
