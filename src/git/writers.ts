import type { Logger } from '../base/index.ts';
import type { Writers } from '../repository/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { JOB_TRAILER } from './message.ts';
import { noteOf } from './notes.ts';
import type { ObjectReader } from './object-reader.ts';
import { SYNC_TAG_SUBJECT } from './sync-tag.ts';

export interface WrittenMarks {
  readonly syncTag: string;
  /** Full names. */
  readonly notesRef: string;
  readonly recordRef: string;
  /** The commits that have a job note. */
  readonly noted: readonly string[];
}

/** Number of records to compare with: the tag was nearly always set by one of the last syncs. */
const MAX_RECORDS = 1000;

/**
 * Flux v1 and fluxd write identical tags and notes. But our tag moves only with a sync record in the same push and with the same date,
 * and our commits have a job trailer.
 */
export async function findWriters(
  git: Git,
  reader: ObjectReader,
  { syncTag, notesRef, recordRef, noted }: WrittenMarks,
  log: Logger,
  run: RunOptions,
): Promise<Writers> {
  const [tag, jobNotes] = await Promise.all([writerOfTag(), writersOfNotes()]);
  return { ...(tag ? { syncTag: tag } : {}), jobNotes: { ref: notesRef, ...jobNotes } };

  async function writerOfTag(): Promise<Writers['syncTag']> {
    const ref = `refs/tags/${syncTag}`;
    const [revision, records] = await Promise.all([reader.resolve(`${ref}^{commit}`, run), reader.resolve(recordRef, run)]);
    if (revision === undefined) return undefined;
    const { seconds, subject } = await git.describeTag(ref, run);
    const history = records === undefined ? [] : await recordHistory(records);
    const at = { name: syncTag, revision, ...(seconds === undefined ? {} : { setAt: seconds * 1000 }) };
    if (seconds === undefined || subject !== SYNC_TAG_SUBJECT) return { ...at, by: 'other', afterRecords: history.length > 0 };
    const afterRecords = history.some((record) => record.seconds < seconds);
    for (const record of history) {
      if (record.seconds !== seconds) continue;
      if (await changesRecordOf(revision, record)) return { ...at, by: 'fluxd', afterRecords };
    }
    return { ...at, by: 'flux-v1', afterRecords };
  }

  async function recordHistory(records: string): Promise<readonly RecordCommit[]> {
    const output = await git.log({ to: records, limit: MAX_RECORDS, paths: [], format: '%H %ct %P' }, run);
    return output
      .toString('utf8')
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => {
        const [commit = '', seconds, parent] = line.split(' ');
        return { commit, seconds: Number(seconds), parent: parent || undefined };
      });
  }

  async function changesRecordOf(revision: string, { commit, parent }: RecordCommit): Promise<boolean> {
    const read = (notes: string) => noteOf(reader, notes, revision, log, run);
    const [after, before] = await Promise.all([read(commit), parent === undefined ? undefined : read(parent)]);
    return after !== undefined && after !== before;
  }

  async function writersOfNotes(): Promise<{ readonly fluxd: number; readonly fluxV1: number }> {
    const output = await git.logOf(noted, `%(trailers:key=${JOB_TRAILER},valueonly)`, run);
    // A commit that is missing, because history was rewritten, is not counted.
    const trailers = output.toString('utf8').split('\0').slice(0, -1);
    const fluxd = trailers.filter((trailer) => trailer.trim() !== '').length;
    return { fluxd, fluxV1: trailers.length - fluxd };
  }
}

interface RecordCommit {
  readonly commit: string;
  readonly seconds: number;
  readonly parent: string | undefined;
}
