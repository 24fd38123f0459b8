import { type Cancellable, FluxError, messageOf } from '../../base/index.ts';
import type { Plan } from '../../change/index.ts';
import { recordedAllowPrune } from '../../record/index.ts';
import type { AcceptedRevision, Commit, Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';
import type { LastSynced } from './last-synced.ts';
import type { SyncRecorder } from './sync-recorder.ts';

/** Limit of commits searched for `Allow-Prune`. */
const MAX_COMMITS = 1000;

/**
 * An approval by commit applies only once, even after a crash: its use is recorded before any deletion. Resolves to the error if
 * that fails; then the approval does not apply in this sync.
 */
export async function claimAllowPrune(
  plan: Plan,
  revision: AcceptedRevision,
  allowPrune: number,
  recorder: Pick<SyncRecorder, 'claim'>,
  cancel: Cancellable,
): Promise<FluxError | undefined> {
  const used = plan.entries.filter(({ action }) => action === 'prune').length;
  if (used === 0) return undefined;
  try {
    await recorder.claim(revision, Math.max(0, allowPrune - used), cancel);
    return undefined;
  } catch (error) {
    cancel.signal?.throwIfAborted();
    return new FluxError(`Allow-Prune: ${allowPrune} does not apply yet: recording its use failed: ${messageOf(error)}`, {
      code: 'gc/unclaimed',
      help: 'Without that record, the approval would count again after a restart. The next sync retries. Give fluxd write access to its notes (with --sync-state=secret, to the Secret), or approve with `fluxctl gc approve`.',
      cause: error,
    });
  }
}

/**
 * The largest N of `Allow-Prune: N` in the commits since the last sync. Without such a range (without a last sync, after history was
 * rewritten, at an unchanged revision) only the newest commit is considered. For commits with a record, and those before them, only the
 * remainder in the record applies: an approval must not apply to other deletions later.
 */
export async function confirmedDeletions(
  source: Source,
  { marked, known, lineage }: LastSynced,
  revision: Revision,
): Promise<number | undefined> {
  // Where the marker is elsewhere, the approvals that it counted may be too.
  if (marked === undefined && known !== undefined) return undefined;
  const from = lineage === 'continues' ? known : undefined;
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
