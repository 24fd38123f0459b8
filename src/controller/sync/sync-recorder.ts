import type { Clock } from '../../base/index.ts';
import { type Change, countOutcomes, isOpenDeletion } from '../../change/index.ts';
import {
  createSyncRecord,
  differsInTrouble,
  formatSyncRecord,
  parseJobNote,
  parseSyncRecord,
  type RecordedChange,
  type RecordedImageUpdate,
  type SyncRecord,
} from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import { formatPlace, type Problem } from '../../resource/index.ts';
import type { Source } from '../ports/source.ts';
import type { SyncOutcome, SyncRecorder } from './sync.ts';
import { syncedCommits } from './synced-commits.ts';

/** @param remember Called with each record before it is written to Git, even if that fails. */
export function createSyncRecorder(
  source: Source,
  daemon: string,
  clock: Clock,
  remember: (record: SyncRecord) => void = () => {},
): SyncRecorder {
  return {
    async claim(revision, left, options = {}) {
      const known = await source.syncRecord(revision);
      const { allowPrune: _, ...before } = (known === undefined ? undefined : parseSyncRecord(known)) ?? nothingDone(revision);
      const record: SyncRecord = { ...before, ...(left > 0 ? { allowPrune: left } : {}) };
      await source.recordSync({ revision, record: formatSyncRecord(record), tag: false }, options);
    },

    async record(outcome, options = {}) {
      const { revision, previous } = outcome;
      const allowPrune = unspent(outcome);
      const record = createSyncRecord({
        daemon,
        revision,
        ...(previous === undefined ? {} : { previous }),
        ...(allowPrune === undefined ? {} : { allowPrune }),
        ...(outcome.unconfirmed ? { unconfirmed: true } : {}),
        startedAt: outcome.startedAt,
        durationMs: outcome.finishedAt - outcome.startedAt,
        counts: countOutcomes(outcome.changes),
        changes: [
          ...outcome.errors.map(refusal),
          ...outcome.changes.filter(({ outcome: word }) => word !== 'unchanged').map(recordedChange),
        ],
        imageUpdates: await imageUpdates(source, outcome),
      });
      remember(record);
      // A tag that moves without a record would look as if Flux v1 had set it.
      if (previous === revision && !differsInTrouble(await source.syncRecord(revision), record)) return;
      await source.recordSync({ revision, record: formatSyncRecord(record) }, options);
    },
  };

  /** The record of a sync that has just started. */
  function nothingDone(revision: Revision): SyncRecord {
    return createSyncRecord({
      daemon,
      revision,
      startedAt: clock.now(),
      durationMs: 0,
      counts: {},
      changes: [],
      imageUpdates: [],
    });
  }
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

function refusal({ file, line, id, error }: Problem): RecordedChange {
  return {
    ...(id === undefined ? {} : { id }),
    outcome: 'refused',
    ...(file === undefined ? {} : { place: line === undefined ? file : `${file}:${line}` }),
    reason: error.message,
  };
}

/** Image updates of our own commits in this sync, from their notes. */
async function imageUpdates(source: Source, outcome: SyncOutcome): Promise<RecordedImageUpdate[]> {
  const commits = (await syncedCommits(source, outcome)).filter(({ ours }) => ours);
  if (commits.length === 0) return [];
  const notes = await source.notes(commits.map(({ revision }) => revision));
  return commits.flatMap(({ revision: commit }) => {
    const result = parseJobNote(notes.get(commit) ?? '')?.result;
    return Object.entries(result ?? {}).flatMap(([workload, { Status, PerContainer }]) =>
      Status === 'success'
        ? (PerContainer ?? []).map(({ Container, Current, Target }) => ({
            commit,
            workload,
            container: Container,
            from: Current,
            to: Target,
          }))
        : [],
    );
  });
}
