import { parseJobNote, type RecordedJob } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

/** Number of notes read together. A note of a large release has some hundred KiB. */
const BATCH = 32;

/**
 * The jobs recorded in Git, by the notes on their commits. Each note is read once, and only its job id is cached: an old repository has
 * thousands of notes.
 */
export class CommittedJobs {
  readonly #source: Pick<Source, 'noteBlobs' | 'notes'>;
  /** Job ids by the blob of their note; undefined for other notes. */
  #jobs = new Map<string, string | undefined>();

  constructor(source: Pick<Source, 'noteBlobs' | 'notes'>) {
    this.#source = source;
  }

  async find(id: string): Promise<{ readonly revision: Revision; readonly note: RecordedJob } | undefined> {
    const blobs = await this.#source.noteBlobs();
    await this.#learn(blobs);
    for (const [revision, blob] of blobs) {
      if (this.#jobs.get(blob) !== id) continue;
      const note = parseJobNote((await this.#source.notes([revision])).get(revision) ?? '');
      if (note?.jobId === id) return { revision, note };
    }
    return undefined;
  }

  async #learn(blobs: ReadonlyMap<Revision, string>): Promise<void> {
    const known = this.#jobs;
    const jobs = new Map([...blobs.values()].flatMap((blob) => (known.has(blob) ? [[blob, known.get(blob)] as const] : [])));
    const unread = [...blobs].filter(([, blob]) => !known.has(blob));
    for (let at = 0; at < unread.length; at += BATCH) {
      const batch = unread.slice(at, at + BATCH);
      const notes = await this.#source.notes(batch.map(([revision]) => revision));
      for (const [revision, blob] of batch) jobs.set(blob, parseJobNote(notes.get(revision) ?? '')?.jobId);
    }
    this.#jobs = jobs;
  }
}
