import { type Change, countOutcomes, isOpenDeletion } from '../../change/index.ts';
import { createSyncRecord, type RecordedChange, type RecordedImageUpdate, type SyncRecord } from '../../record/index.ts';
import { formatPlace, type Problem } from '../../resource/index.ts';
import type { NewCommits } from './new-commits.ts';
import type { SyncOutcome } from './sync-outcome.ts';

/** The record of a sync, as Git and the history keep it. `daemon` is this program and its version. */
export function recordOf(outcome: SyncOutcome, daemon: string): SyncRecord {
  const { revision, previous, startedAt, finishedAt, errors, changes } = outcome;
  const allowPrune = unspent(outcome);
  return createSyncRecord({
    daemon,
    revision,
    ...(previous === undefined ? {} : { previous }),
    ...(allowPrune === undefined ? {} : { allowPrune }),
    ...(outcome.unconfirmed ? { unconfirmed: true } : {}),
    ...(outcome.units === undefined ? {} : { units: outcome.units }),
    ...(outcome.windowOverridden === undefined ? {} : { windowOverridden: outcome.windowOverridden }),
    startedAt,
    durationMs: finishedAt - startedAt,
    counts: countOutcomes(changes),
    changes: [...errors.map(refusal), ...changes.filter(({ outcome: word }) => word !== 'unchanged').map(recordedChange)],
    imageUpdates: imageUpdates(outcome.newCommits),
  });
}

/** The number of approved deletions that are not done yet, if any. */
function unspent({ allowPrune = 0, changes }: SyncOutcome): number | undefined {
  const isDue = changes.some((change) => isOpenDeletion(change) && change.uid !== undefined);
  const left = allowPrune - changes.filter(({ outcome }) => outcome === 'deleted').length;
  return isDue && left > 0 ? left : undefined;
}

function recordedChange({ id, outcome, place, reason, error }: Change): RecordedChange {
  const why = reason ?? error?.message;
  return { id, outcome, ...(place ? { place: formatPlace(place) } : {}), ...(why === undefined ? {} : { reason: why }) };
}

function refusal({ file, unit, line, id, error }: Problem): RecordedChange {
  return {
    ...(id === undefined ? {} : { id }),
    outcome: 'refused',
    ...(file === undefined ? {} : { place: unit ?? (line === undefined ? file : `${file}:${line}`) }),
    reason: error.message,
  };
}

/** Image updates of our own commits in this sync, from their notes. */
function imageUpdates(newCommits: NewCommits): readonly RecordedImageUpdate[] {
  if (newCommits.state === 'unread') return [];
  return newCommits.commits.flatMap(({ revision: commit, ours, job }) =>
    Object.entries((ours && job?.result) || {}).flatMap(([workload, { Status, PerContainer }]) =>
      Status === 'success'
        ? (PerContainer ?? []).map(({ Container, Current, Target }) => ({
            commit,
            workload,
            container: Container,
            from: Current,
            to: Target,
          }))
        : [],
    ),
  );
}
