import { FluxError, type Logger, silentLogger, turn } from '../base/index.ts';
import type { Manifest } from '../resource/index.ts';
import { decodeText, MAX_FILE_BYTES } from './decode.ts';
import { selectFiles, type TreeFile } from './files.ts';
import { type ParsedFile, parseFile } from './parse-file.ts';
import type { FileProblem } from './problem.ts';

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
}

/** Blobs are fetched together up to this many and this much. */
const BATCH = { files: 64, bytes: 8 << 20 };
/** Characters parsed between two turns of the event loop, 1 to 2 ms. */
const TURN = 16 << 10;

/** What one file of a revision holds, with its manifests in their places. */
interface FileRead extends DesiredManifests {
  /** Same content, read in the same way. */
  readonly contentKey: string;
}

/**
 * The manifests of a repository. What the last revision holds is kept, by blob id: a commit that touches one file parses one file,
 * and a file that is as it was gives the same manifests. What is in it no more is forgotten.
 */
export function createManifestReader({ log = silentLogger() }: ManifestReaderOptions = {}): ManifestReader {
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
      const bytesOf = async (file: TreeFile) =>
        file.size > MAX_FILE_BYTES || sameContent.has(contentKeyOf(file)) ? undefined : await blob(file.blob);
      const fetched = async (batch: readonly TreeFile[]) =>
        Promise.all(batch.map(async (file) => ({ file, bytes: await bytesOf(file) })));
      for await (const contents of oneAhead(batches(changed), fetched)) {
        for (const { file, bytes } of contents) {
          const contentKey = contentKeyOf(file);
          const known = sameContent.get(contentKey);
          const read = known ? movedTo(file.path, known) : placed(file.path, contentKey, await parseBytes(file, bytes, pause));
          if (!known) parsed += 1;
          sameContent.set(contentKey, read);
          fresh.set(file.path, read);
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

function forgetOthers(kept: Map<string, FileRead>, files: readonly TreeFile[]): void {
  const paths = new Set(files.map(({ path }) => path));
  for (const path of kept.keys()) if (!paths.has(path)) kept.delete(path);
}

function isSame(some: readonly Manifest[], others: readonly Manifest[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}

async function parseBytes(
  file: TreeFile,
  bytes: Buffer | undefined,
  pause: (length: number) => Promise<void>,
): Promise<ParsedFile> {
  if (!bytes) return tooLarge(file);
  const { path } = file;
  try {
    const text = decodeText(bytes);
    if (path.endsWith('.json') && !text.includes('"apiVersion"'))
      return { objects: [], errors: [], warnings: [{ error: noManifest() }] };
    return await parseFile(text, pause);
  } catch (error) {
    if (error instanceof FluxError) return { objects: [], errors: [{ error }], warnings: [] };
    throw error;
  }
}

function tooLarge({ size }: TreeFile): ParsedFile {
  const error = new FluxError(`file is ${Math.ceil(size / (1 << 20))} MiB large`, {
    code: 'manifests/file-too-large',
    fault: 'user',
    help: `Files above ${MAX_FILE_BYTES >> 20} MiB are not read. Split it up, or move it out of the --git-path.`,
  });
  return { objects: [], errors: [{ error }], warnings: [] };
}

function noManifest(): FluxError {
  return new FluxError('JSON file holds no object of Kubernetes', {
    code: 'manifests/no-kind',
    fault: 'user',
    help: 'It has no "apiVersion" and is left out. To be rid of this warning, move it out of the --git-path.',
  });
}

/** Resolves at once, and after every `TURN` characters when everything else had its turn. */
function turnTaker(signal: AbortSignal | undefined): (length: number) => Promise<void> {
  let left = TURN;
  return async (length) => {
    left -= length;
    if (left > 0) return;
    left = TURN;
    await turn(signal);
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

function placed(file: string, contentKey: string, { objects, errors, warnings }: ParsedFile): FileRead {
  const manifests = objects.map(({ object, checksum, document, line, item }) => ({
    place: { file, document, line, ...(item === undefined ? {} : { item }) },
    object,
    checksum,
  }));
  const inFile = (problems: ParsedFile['errors']) => (problems.length === 0 ? NONE : problems.map((each) => ({ file, ...each })));
  return { contentKey, manifests, errors: inFile(errors), warnings: inFile(warnings) };
}

/** The same content at another path. */
function movedTo(file: string, { contentKey, manifests, errors, warnings }: FileRead): FileRead {
  return {
    contentKey,
    manifests: manifests.map((manifest) => ({ ...manifest, place: { ...manifest.place, file } })),
    errors: errors.map((problem) => ({ ...problem, file })),
    warnings: warnings.map((problem) => ({ ...problem, file })),
  };
}

function collect(files: readonly FileRead[], { errors, warnings }: Omit<DesiredManifests, 'manifests'>): DesiredManifests {
  return {
    manifests: files.flatMap((file) => file.manifests),
    errors: [...errors, ...files.flatMap((file) => file.errors)],
    warnings: [...warnings, ...files.flatMap((file) => file.warnings)],
  };
}
