import type { Cancellable, Logger } from '../base/index.ts';
import type { Writers } from '../repository/index.ts';
import type { Reading } from './branch.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { isObjectId } from './names.ts';
import { noteBlobs, noteOf, readNote, readNotes } from './notes.ts';
import type { ObjectReader } from './object-reader.ts';
import { findWriters } from './writers.ts';

export interface MarksOptions {
  readonly git: Git;
  readonly reader: ObjectReader;
  readonly reading: Reading;
  readonly syncTag: string;
  /** Full names. */
  readonly notesRef: string;
  readonly recordRef: string;
  readonly log: Logger;
}

export type Marks = ReturnType<typeof createMarks>;

/** Our data in the repository, as of the mirror: the sync tag, sync records and job notes. publish.ts writes them. */
export function createMarks({ git, reader, reading, syncTag, notesRef, recordRef, log }: MarksOptions) {
  const names = [`refs/tags/${syncTag}^{commit}`, recordRef];
  /** The objects of the sync tag and the records' ref; undefined after anything that may have moved them. */
  let current: { readonly tagged: string | undefined; readonly records: string | undefined } | undefined;
  let generation = 0;
  let recorded:
    | { readonly records: string | undefined; readonly revision: string; readonly text: string | undefined }
    | undefined;
  let noted: { readonly notes: string; readonly blobs: ReadonlyMap<string, string> } | undefined;

  async function now(run: RunOptions): Promise<NonNullable<typeof current>> {
    if (current) return current;
    const before = generation;
    const [tagged, records] = await Promise.all(names.map((name) => reader.resolve(name, run)));
    // A value read during a write may be stale.
    if (before === generation) current = { tagged, records };
    return { tagged, records };
  }

  async function jobNotes(run: RunOptions): Promise<ReadonlyMap<string, string>> {
    const notes = await reader.resolve(notesRef, run);
    if (notes === undefined) return new Map();
    if (noted?.notes !== notes) noted = { notes, blobs: await noteBlobs(git, notesRef, run) };
    return noted.blobs;
  }

  return {
    /** Expressions whose values a fetch can resolve for `take`. */
    names,

    take([tagged, records]: readonly (string | undefined)[]): void {
      current = { tagged, records };
      generation += 1;
    },

    /** Invalidates the values, since they may have been moved. */
    forget(): void {
      current = undefined;
      generation += 1;
    },

    syncTag: async (): Promise<string | undefined> => reading('git cat-file', undefined, async (run) => (await now(run)).tagged),

    syncRecord: async (revision: string): Promise<string | undefined> =>
      reading('git notes', undefined, async (run) => {
        const { records } = await now(run);
        if (recorded?.revision === revision && recorded.records === records) return recorded.text;
        const text = isObjectId(revision) && records ? await noteOf(reader, records, revision, log, run) : undefined;
        recorded = { records, revision, text };
        return text;
      }),

    syncRecords: async (
      revisions: readonly string[],
      limit: number,
      { signal }: Cancellable = {},
    ): Promise<readonly { readonly revision: string; readonly text: string }[]> =>
      reading('git notes', signal, async (run) => {
        const { records } = await now(run);
        const blobs = records ? await noteBlobs(git, recordRef, run) : new Map<string, string>();
        const found: { readonly revision: string; readonly text: string }[] = [];
        for (const revision of revisions) {
          if (found.length === limit) break;
          const blob = blobs.get(revision);
          const text = blob === undefined ? undefined : await readNote(reader, blob, revision, log, run);
          if (text !== undefined) found.push({ revision, text });
        }
        return found;
      }),

    noteBlobs: async (): Promise<ReadonlyMap<string, string>> => reading('git notes', undefined, jobNotes),

    notes: async (revisions: readonly string[]): Promise<ReadonlyMap<string, string>> =>
      reading('git notes', undefined, async (run) => {
        const blobs = await jobNotes(run);
        return readNotes(
          reader,
          revisions.flatMap((revision) => {
            const blob = blobs.get(revision);
            return blob === undefined ? [] : [[revision, blob] as const];
          }),
          log,
          run,
        );
      }),

    writers: async ({ signal }: Cancellable = {}): Promise<Writers> =>
      reading('git log', signal, async (run) => {
        const commits = [...(await jobNotes(run)).keys()];
        return findWriters(git, reader, { syncTag, notesRef, recordRef, noted: commits }, log, run);
      }),
  };
}
