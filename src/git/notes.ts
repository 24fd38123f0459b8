import type { Logger } from '../base/index.ts';
import type { Identity } from './commands/write.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import type { ObjectReader } from './object-reader.ts';

/** Where notes are added before the push, so that their real ref has only notes that the remote has. */
const DRAFTS = 'refs/notes/unpushed.fluxd/';

/** Creates the notes commit on top of `current` (or a new history) that adds or replaces the note of a commit. */
export async function draftNote(
  git: Git,
  reader: ObjectReader,
  {
    ref,
    current,
    commit,
    note,
    identity,
    seconds,
  }: {
    /** Of the notes. */
    readonly ref: string;
    readonly current: string | undefined;
    readonly commit: string;
    readonly note: string;
    readonly identity: Identity;
    /** Date of the notes commit. */
    readonly seconds: number;
  },
  run: RunOptions,
): Promise<string> {
  const draft = ref.replace('refs/notes/', DRAFTS);
  // The last draft has usually been pushed since.
  if ((await reader.resolve(draft, run)) !== current) await git.updateRefs([{ ref: draft, target: current }], run);
  await git.addNote(draft, commit, note, { ...identity, seconds }, run);
  const drafted = await reader.resolve(draft, run);
  if (drafted === undefined) throw new Error('git notes add wrote no ref');
  return drafted;
}

/** Reads notes by commit. An unreadable one (larger than any of ours, R-042) is omitted and logged. */
export async function readNotes(
  reader: ObjectReader,
  blobs: readonly (readonly [commit: string, blob: string])[],
  log: Logger,
  run: RunOptions,
): Promise<ReadonlyMap<string, string>> {
  const notes = await Promise.all(
    blobs.map(async ([commit, blob]): Promise<[string, string][]> => {
      const text = await readNote(reader, blob, commit, log, run);
      return text === undefined ? [] : [[commit, text]];
    }),
  );
  return new Map(notes.flat());
}

/** Blob of each note by commit. */
export async function noteBlobs(git: Git, ref: string, run: RunOptions): Promise<ReadonlyMap<string, string>> {
  const lines = (await git.listNotes(ref, run)).toString('utf8').split('\n');
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [blob, commit] = line.split(' ');
      return blob && commit ? [[commit, blob]] : [];
    }),
  );
}

/** Git stores a note in folders by the first digits of its commit, two for each level; the levels grow with the number of notes. */
const MAX_FAN_OUT = 4;

/** The note of one commit in a notes commit, without listing all. */
export async function noteOf(
  reader: ObjectReader,
  notes: string,
  commit: string,
  log: Logger,
  run: RunOptions,
): Promise<string | undefined> {
  const places = Array.from({ length: MAX_FAN_OUT + 1 }, (_, levels) => {
    const folders = Array.from({ length: levels }, (_, level) => `${commit.slice(2 * level, 2 * level + 2)}/`);
    return `${notes}:${folders.join('')}${commit.slice(2 * levels)}`;
  });
  const found = await Promise.all(places.map((place) => reader.resolve(place, run)));
  const blob = found.find((id) => id !== undefined);
  return blob === undefined ? undefined : readNote(reader, blob, commit, log, run);
}

export async function readNote(
  reader: ObjectReader,
  blob: string,
  commit: string,
  log: Logger,
  run: RunOptions,
): Promise<string | undefined> {
  try {
    return (await reader.read(blob, run)).toString('utf8');
  } catch (error) {
    run.signal.throwIfAborted();
    log.warn({ revision: commit, error }, 'git note unreadable');
    return undefined;
  }
}
