import { type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import { countActions } from '../../change/index.ts';
import { listingOf } from '../../manifests/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { DesiredState } from '../../resource/index.ts';
import type { Progress } from '../loop/progress.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Desired } from '../ports/desired.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader } from '../repository/view.ts';
import { confirmedDeletions } from '../sync/allow-prune.ts';
import type { Approvals } from '../sync/approvals.ts';
import { lastSynced } from '../sync/last-synced.ts';
import { withoutNewUnits } from '../sync/new-units.ts';
import { renderingDoubt, unitCounts, unitsBefore } from '../sync/rendering-doubt.ts';
import { doubtOf } from '../sync/rewritten.ts';
import { applyWarnings } from '../sync/sync.ts';
import type { DiffFile, DiffReport, DiffRequest } from './daemon.ts';
import { createLimitedWork } from './limited-work.ts';

export interface PreviewOptions {
  readonly source: Source;
  readonly reader: RepositoryReader;
  readonly desired: Desired;
  readonly cluster: Cluster;
  readonly syncSet: string;
  readonly garbageCollection: 'off' | 'dry' | 'on';
  readonly deletionLimit: number;
  readonly approvals: Approvals;
  readonly progress: Pick<Progress, 'applied' | 'units'>;
  /** Timeout of a whole preview, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The objects to sync, and the approved deletions. */
interface Wanted {
  readonly revision?: Revision;
  readonly state: DesiredState;
  readonly allowPrune?: number;
  /** Why no deletion is certainly intended. */
  readonly doubt?: string;
}

export type Preview = (request: DiffRequest, options?: Cancellable) => Promise<DiffReport>;

/**
 * Previews a sync of a revision, or of files from a client. It only reads, so it may run in parallel to a sync; its plan is made like that
 * of a sync, and then dry-run instead of applied. One at a time, since each may request every object.
 */
export function createPreview(options: PreviewOptions): Preview {
  const { source, reader, desired, cluster, approvals, clock, timeoutMs } = options;

  async function wantedBy(request: DiffRequest, cancel: Cancellable): Promise<Wanted> {
    if ('files' in request) return { state: await readFiles(request.files, desired, cancel) };
    const revision = await resolve(request.revision, cancel);
    const last = await lastSynced(source, revision, cancel);
    const allowPrune = await confirmedDeletions(source, last, revision);
    const before = await unitsBefore(last, source, options.progress);
    const state = withoutNewUnits(await readRevision(revision, cancel), before);
    const doubt = (last.lineage && doubtOf(last.lineage)) ?? renderingDoubt(before, unitCounts(state, before));
    return { revision, state, ...(allowPrune === undefined ? {} : { allowPrune }), ...(doubt === undefined ? {} : { doubt }) };
  }

  async function resolve(ref: string | undefined, cancel: Cancellable): Promise<Revision> {
    const revision = await source.find(ref ?? 'HEAD', cancel);
    if (revision !== undefined) return revision;
    throw new FluxError(`revision ${JSON.stringify(ref ?? 'HEAD')}: not found in the repository as last fetched`, {
      code: 'git/bad-revision',
      fault: 'user',
      help: 'Use a pushed commit id, branch or tag. The daemon fetches at each poll and when a sync is requested.',
    });
  }

  async function readRevision(revision: Revision, cancel: Cancellable): Promise<DesiredState> {
    return revision === source.accepted() ? (await reader.read(revision, cancel)).state : reader.readAside(revision, cancel);
  }

  async function preview(request: DiffRequest, cancel: Cancellable): Promise<DiffReport> {
    const { revision, state, allowPrune, doubt } = await wantedBy(request, cancel);
    const { syncSet, garbageCollection, deletionLimit } = options;
    const plan = await cluster.plan(
      {
        desired: state,
        syncSet,
        garbageCollection,
        deletionLimit,
        ...(allowPrune === undefined ? {} : { allowPrune }),
        ...(doubt === undefined ? {} : { doubt }),
        approved: approvals.approved,
        approvedOrphans: approvals.approvedOrphans,
        preview: true,
      },
      cancel,
    );
    const diffs = await cluster.diff(plan, cancel);
    return {
      ...(revision === undefined ? {} : { revision }),
      counts: countActions(diffs),
      entries: diffs.filter(({ action }) => action !== 'unchanged'),
      errors: state.errors,
      warnings: [...state.warnings, ...diffs.flatMap(applyWarnings)],
    };
  }

  const limited = createLimitedWork({ atOnce: 1, timeoutMs, clock, busy, tooSlow });
  return (request, cancel) => limited((inTime) => preview(request, inTime), cancel);
}

/**
 * Files in place of the repository's, under the ids that Git would assign. They are not cached, since they may be secret, and nothing in
 * them is run: fluxctl has rendered them.
 */
function readFiles(texts: readonly DiffFile[], desired: Desired, cancel: Cancellable): Promise<DesiredState> {
  const { files, blob } = listingOf(texts);
  return desired.read(files, blob, { ...cancel, keep: false, asFiles: true });
}

function busy(): FluxError {
  return new FluxError('another diff is in progress', {
    code: 'preview/busy',
    fault: 'user',
    help: 'The daemon runs one diff at a time. Retry when that one is done.',
  });
}

function tooSlow(ms: number, cause: unknown): FluxError {
  return new FluxError(`diff timed out after ${ms / 1000} s`, {
    code: 'preview/timeout',
    help: 'The timeout is that of a sync, --sync-timeout.',
    cause,
  });
}
