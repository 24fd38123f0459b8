import { type Clock, FluxError, type Logger, silentLogger, systemClock, yieldTurn } from '../base/index.ts';
import type { Manifest } from '../resource/index.ts';
import { MAX_FILE_BYTES } from './decode.ts';
import { type FileSelection, selectFiles, type TreeFile } from './files.ts';
import { type ParsedFile, refusedFile } from './finding.ts';
import { MAX_INLINE_LENGTH } from './limits.ts';
import { ManifestThread } from './manifest-thread.ts';
import { type HeapShare, MemoryBudget } from './memory-budget.ts';
import { withOtherTools } from './other-tools.ts';
import type { FileProblem } from './problem.ts';
import { RefusedFiles } from './refused-files.ts';

/** What the files of a revision want. */
export interface DesiredManifests {
  readonly manifests: readonly Manifest[];
  /** Refused files, documents and objects; all others are in `manifests`. */
  readonly errors: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
}

export interface ManifestReader {
  /**
   * Reads the manifests among the files, in the order of the files. What is wrong with one file, document or object is in
   * `errors` and stops nothing else; throws only when a blob cannot be had or the signal aborts. With `keep` false nothing that is
   * parsed is kept, only used if it is known. When every manifest is as it was in the last revision that was kept, `manifests` is
   * the very same array, and who knows it need not look again.
   */
  read(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: { readonly signal?: AbortSignal; readonly keep?: boolean },
  ): Promise<DesiredManifests>;
}

export interface ManifestReaderOptions {
  readonly log?: Logger;
  /** What all manifests of a revision may take of the heap, bytes; the files beyond are refused. Default: no limit. */
  readonly maxBytes?: number;
  /** Reads long files. Default: one of its own. */
  readonly thread?: ManifestThread;
  /** Tells when content that could not be read is tried again. Default: the system's. */
  readonly clock?: Pick<Clock, 'monotonic'>;
}

/** Blobs are fetched together up to this many and this much. */
const BATCH = { files: 64, bytes: 8 << 20 };

/** What one file of a revision holds, with its manifests in their places. */
interface FileRead extends DesiredManifests, HeapShare {
  /** Same content, read in the same way. */
  readonly contentKey: string;
}

/**
 * The manifests of a repository. What the last revision holds is kept, by blob id: a commit that touches one file parses one file,
 * and a file that is as it was gives the same manifests. What is in it no more is forgotten.
 */
export function createManifestReader({
  log = silentLogger(),
  maxBytes = Number.POSITIVE_INFINITY,
  thread = new ManifestThread(),
  clock = systemClock,
}: ManifestReaderOptions = {}): ManifestReader {
  const refused = new RefusedFiles(clock);
  /** By path. */
  const kept = new Map<string, FileRead>();
  let lastManifests: readonly Manifest[] = [];

  return {
    async read(all, blob, { signal, keep = true } = {}) {
      signal?.throwIfAborted();
      const pause = turnTaker(signal);
      const selection = await selectFiles(all, async (link) => (await blob(link.blob)).toString('utf8'), signal);
      const changed = selection.files.filter((file) => kept.get(file.path)?.contentKey !== contentKeyOf(file));
      const sameContent = findContents(kept.values(), changed);
      const fresh = new Map<string, FileRead>();
      let parsed = 0;
      const budget = new MemoryBudget(maxBytes);
      // What is only looked at has the room that what is kept leaves.
      for (const read of keep ? unchanged(kept, selection.files) : kept.values()) budget.take(read);
      const isWanted = (file: TreeFile) =>
        !budget.isSpent &&
        file.size <= MAX_FILE_BYTES &&
        !sameContent.has(contentKeyOf(file)) &&
        refused.of(contentKeyOf(file)) === undefined;
      const fetched = async (batch: readonly TreeFile[]) =>
        Promise.all(batch.map(async (file) => ({ file, bytes: isWanted(file) ? await blob(file.blob) : undefined })));
      const parse = async (file: TreeFile, bytes: Buffer | undefined): Promise<FileRead> => {
        if (file.size > MAX_FILE_BYTES) return placed(file, tooLarge(file));
        if (!bytes) return unkept(file.path, refused.of(contentKeyOf(file)) ?? budget.refusal());
        await pause(bytes.length);
        parsed += 1;
        try {
          return placed(file, await thread.parse({ bytes, isJson: file.path.endsWith('.json') }, signal));
        } catch (error) {
          if (!(error instanceof FluxError)) throw error;
          refused.add(contentKeyOf(file), error);
          return unkept(file.path, error);
        }
      };
      for await (const contents of oneAhead(batches(changed), fetched)) {
        for (const { file, bytes } of contents) {
          const known = sameContent.get(contentKeyOf(file));
          const read = known ? movedTo(file.path, known) : await parse(file, bytes);
          if (!budget.take(read)) fresh.set(file.path, unkept(file.path, budget.refusal()));
          else {
            sameContent.set(read.contentKey, read);
            fresh.set(file.path, read);
          }
        }
      }
      log.debug({ files: selection.files.length, parsed }, 'read manifests');
      const current = selection.files.flatMap(({ path }) => fresh.get(path) ?? kept.get(path) ?? []);
      const { manifests, errors, warnings } = collect(current, selection);
      if (!keep) return { manifests, errors, warnings };
      for (const [path, read] of fresh) kept.set(path, read);
      if (kept.size > selection.files.length) forgetOthers(kept, selection.files);
      if (!isSame(manifests, lastManifests)) lastManifests = manifests;
      return { manifests: lastManifests, errors, warnings };
    },
  };
}

/** JSON files are judged differently (many are no manifests at all), hence not by the blob alone. */
function contentKeyOf({ path, blob }: TreeFile): string {
  return path.endsWith('.json') ? `${blob}.json` : blob;
}

/** What is known already of the content of these files, by content. */
function findContents(known: Iterable<FileRead>, files: readonly TreeFile[]): Map<string, FileRead> {
  const wanted = new Set(files.map(contentKeyOf));
  const found = new Map<string, FileRead>();
  if (wanted.size > 0) for (const read of known) if (wanted.has(read.contentKey)) found.set(read.contentKey, read);
  return found;
}

/** What is kept of the files that are as they were. */
function* unchanged(kept: ReadonlyMap<string, FileRead>, files: readonly TreeFile[]): Generator<FileRead> {
  for (const file of files) {
    const read = kept.get(file.path);
    if (read?.contentKey === contentKeyOf(file)) yield read;
  }
}

function forgetOthers(kept: Map<string, FileRead>, files: readonly TreeFile[]): void {
  const paths = new Set(files.map(({ path }) => path));
  for (const path of kept.keys()) if (!paths.has(path)) kept.delete(path);
}

function isSame(some: readonly Manifest[], others: readonly Manifest[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}

function tooLarge({ size }: TreeFile): ParsedFile {
  const error = new FluxError(`file is ${Math.ceil(size / (1 << 20))} MiB large`, {
    code: 'manifests/file-too-large',
    fault: 'user',
    help: `Files above ${MAX_FILE_BYTES >> 20} MiB are not read. Split it up, or move it out of the --git-path.`,
  });
  return refusedFile(error);
}

/** Lets everything else have its turn before the file that exceeds what may be read in one. */
function turnTaker(signal: AbortSignal | undefined): (length: number) => Promise<void> {
  let left = MAX_INLINE_LENGTH;
  return async (length) => {
    if (length > left) {
      left = MAX_INLINE_LENGTH;
      await yieldTurn(signal);
    }
    left -= length;
  };
}

function* batches(files: readonly TreeFile[]): Generator<readonly TreeFile[]> {
  let batch: TreeFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && (batch.length >= BATCH.files || bytes + file.size > BATCH.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) yield batch;
}

/** What `fetch` makes of each, in order; the next one is on its way while the one before is worked on. */
async function* oneAhead<T, R>(all: Iterable<T>, fetch: (each: T) => Promise<R>): AsyncGenerator<R, void> {
  let ahead: Promise<R> | undefined;
  for (const each of all) {
    const before = ahead;
    ahead = fetch(each);
    // Whoever ends early hears of no more.
    ahead.catch(() => undefined);
    if (before !== undefined) yield await before;
  }
  if (ahead !== undefined) yield await ahead;
}

const NONE: readonly never[] = [];

/** About what the heap needs for a place, and for a problem with its error. */
const PLACE_BYTES = 200;
const PROBLEM_BYTES = 500;

function placed(file: TreeFile, { objects, errors, warnings }: ParsedFile): FileRead {
  const { path } = file;
  const manifests = objects.map(({ object, checksum, document, line, item }) => ({
    place: { file: path, document, line, ...(item === undefined ? {} : { item }) },
    object,
    checksum,
  }));
  const inFile = (problems: ParsedFile['errors']) =>
    problems.length === 0 ? NONE : problems.map((each) => ({ file: path, ...each }));
  return {
    contentKey: contentKeyOf(file),
    manifests,
    errors: inFile(errors),
    warnings: inFile(warnings),
    bytes: placesBytes({ manifests, errors, warnings }),
    objects: { bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0) },
  };
}

/** The same content at another path: the objects are there already. */
function movedTo(file: string, { contentKey, manifests, errors, warnings, bytes, objects }: FileRead): FileRead {
  return {
    contentKey,
    bytes,
    objects,
    manifests: manifests.map((manifest) => ({ ...manifest, place: { ...manifest.place, file } })),
    errors: errors.map((problem) => ({ ...problem, file })),
    warnings: warnings.map((problem) => ({ ...problem, file })),
  };
}

/** A file that had no room, or could not be read within its bounds. It is read again by a later sync. */
function unkept(file: string, error: FluxError): FileRead {
  return { contentKey: '', manifests: NONE, errors: [{ file, error }], warnings: NONE, bytes: 0, objects: { bytes: 0 } };
}

function placesBytes({
  manifests,
  errors,
  warnings,
}: Pick<ParsedFile, 'errors' | 'warnings'> & { readonly manifests: readonly unknown[] }): number {
  return PLACE_BYTES * manifests.length + PROBLEM_BYTES * (errors.length + warnings.length);
}

function collect(files: readonly FileRead[], { errors, warnings, charts }: Omit<FileSelection, 'files'>): DesiredManifests {
  const manifests = files.flatMap((file) => file.manifests);
  return {
    manifests,
    errors: [...errors, ...files.flatMap((file) => file.errors)],
    warnings: withOtherTools({ manifests, warnings: [...warnings, ...files.flatMap((file) => file.warnings)], charts }),
  };
}
