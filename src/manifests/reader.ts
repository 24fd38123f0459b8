import { type Cancellable, type Clock, FluxError, type Logger, silentLogger, systemClock, yieldTurn } from '../base/index.ts';
import type { TreeFile } from '../repository/index.ts';
import type { DesiredState, Manifest } from '../resource/index.ts';
import { MAX_FILE_BYTES } from './decode.ts';
import { type FileSelection, selectFiles } from './files.ts';
import { type ParsedFile, refusedFile } from './finding.ts';
import { MAX_INLINE_LENGTH } from './limits.ts';
import { ManifestThread } from './manifest-thread.ts';
import { type HeapShare, MemoryBudget } from './memory-budget.ts';
import { withOtherTools } from './other-tools.ts';
import type { FileProblem } from './problem.ts';
import { RefusedFiles } from './refused-files.ts';

export interface ManifestReader {
  /**
   * Reads the manifests among the files, in the order of the files. An invalid file, document or object is reported in `errors` and does
   * not affect others; throws only if a blob cannot be read or the signal aborts. With `keep` false nothing is added to the cache. If all
   * manifests are unchanged since the last kept revision, `manifests` is the identical array, which callers can detect.
   */
  read(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: Cancellable & { readonly keep?: boolean },
  ): Promise<DesiredState>;
}

export interface ManifestReaderOptions {
  readonly log?: Logger;
  /** Heap limit for all manifests of a revision in bytes; files beyond it are refused. Unlimited by default. */
  readonly maxBytes?: number;
  /** The thread that reads long files; created on demand by default. */
  readonly thread?: ManifestThread;
  /** Clock for retrying unreadable content; the system's by default. */
  readonly clock?: Pick<Clock, 'monotonic'>;
}

/** Limits for reading blobs together: number and bytes. */
const BATCH = { files: 64, bytes: 8 << 20 };

/** The manifests of one file, with their locations. */
interface FileRead extends HeapShare {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** Identifies content and the way to read it. */
  readonly contentKey: string;
}

/**
 * Reads the manifests of a repository. Those of the last revision are cached by blob id: after a commit that changes one file, only that
 * file is parsed, and unchanged files yield the same manifests. Removed files are dropped.
 */
export function createManifestReader({
  log = silentLogger(),
  maxBytes = Number.POSITIVE_INFINITY,
  thread = new ManifestThread(),
  clock = systemClock,
}: ManifestReaderOptions = {}): ManifestReader {
  const refused = new RefusedFiles(clock);
  /** Files by path. */
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
      // An uncached read gets the part of the budget that the cache leaves.
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

/** The key includes whether the file is JSON, since many JSON files are not manifests. */
function contentKeyOf({ path, blob }: TreeFile): string {
  return path.endsWith('.json') ? `${blob}.json` : blob;
}

/** Cached content of these files, by key. */
function findContents(known: Iterable<FileRead>, files: readonly TreeFile[]): Map<string, FileRead> {
  const wanted = new Set(files.map(contentKeyOf));
  const found = new Map<string, FileRead>();
  if (wanted.size > 0) for (const read of known) if (wanted.has(read.contentKey)) found.set(read.contentKey, read);
  return found;
}

/** Cached results of unchanged files. */
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

/** Yields to the event loop before the file that exceeds the amount for one turn. */
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

/** The results of `fetch` in order; the next fetch runs while the previous result is processed. */
async function* oneAhead<T, R>(all: Iterable<T>, fetch: (each: T) => Promise<R>): AsyncGenerator<R, void> {
  let ahead: Promise<R> | undefined;
  for (const each of all) {
    const before = ahead;
    ahead = fetch(each);
    // If the consumer stops early, the pending fetch is ignored.
    ahead.catch(() => undefined);
    if (before !== undefined) yield await before;
  }
  if (ahead !== undefined) yield await ahead;
}

const NONE: readonly never[] = [];

/** Approximate heap size of a location, and of a problem with its error. */
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

/** The same content at another path, with shared objects. */
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

/** The result for a file that exceeds the budget or its limits. A later sync reads it again. */
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

function collect(files: readonly FileRead[], { errors, warnings, charts }: Omit<FileSelection, 'files'>): DesiredState {
  const manifests = files.flatMap((file) => file.manifests);
  return {
    manifests,
    errors: [...errors, ...files.flatMap((file) => file.errors)],
    warnings: withOtherTools({ manifests, warnings: [...warnings, ...files.flatMap((file) => file.warnings)], charts }),
  };
}
