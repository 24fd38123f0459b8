import { setImmediate } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { FluxError, type Logger, silentLogger } from '../base/index.ts';
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
   * parsed is kept, only used if it is known.
   */
  read(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    options?: { readonly signal?: AbortSignal; readonly keep?: boolean },
  ): Promise<DesiredManifests>;
}

export interface ManifestReaderOptions {
  readonly log?: Logger;
  /** Files whose objects are kept parsed. */
  readonly cacheEntries?: number;
}

/** Source bytes whose objects are kept parsed; parsed data takes several times as much memory. */
const MAX_CACHED_BYTES = 128 << 20;
/** Blobs are fetched together up to this many and this much. */
const BATCH = { files: 64, bytes: 8 << 20 };
/** Characters parsed between two turns of the event loop, about 20 ms. */
const TURN = 256 << 10;

/** The manifests of a repository, parsed once per blob: a commit that touches one file parses one file. */
export function createManifestReader({
  log = silentLogger(),
  cacheEntries = 50_000,
}: ManifestReaderOptions = {}): ManifestReader {
  const cache = new LRUCache<string, ParsedFile>({ max: cacheEntries, maxSize: MAX_CACHED_BYTES });
  /** Manifests of the last revision by path: a file that is as it was gives the same ones, and who knows them need not look again. */
  let last: ReadonlyMap<string, FileManifests> = new Map();

  return {
    async read(all, blob, { signal, keep = true } = {}) {
      signal?.throwIfAborted();
      const pause = turnTaker(signal);
      const { files, errors, warnings } = await selectFiles(all, async (link) => (await blob(link.blob)).toString('utf8'));
      const parsed = new Map<string, ParsedFile>();
      for (const file of files) {
        const known = file.size > MAX_FILE_BYTES ? tooLarge(file) : cache.get(cacheKey(file));
        if (known) parsed.set(cacheKey(file), known);
      }
      const missing = files.filter((file) => !parsed.has(cacheKey(file)));
      for (const batch of batches(missing)) {
        const contents = await Promise.all(batch.map(async (file) => ({ file, bytes: await blob(file.blob) })));
        for (const { file, bytes } of contents) {
          if (parsed.has(cacheKey(file))) continue;
          const result = await parseBytes(file.path, bytes, pause);
          parsed.set(cacheKey(file), result);
          if (keep) cache.set(cacheKey(file), result, { size: bytes.length + 1 });
        }
      }
      log.debug({ files: files.length, parsed: missing.length }, 'read manifests');
      const current = new Map<string, FileManifests>();
      for (const file of files) {
        const result = parsed.get(cacheKey(file));
        if (result) current.set(file.path, manifestsOf(file.path, result, last.get(file.path)));
      }
      if (keep) last = current;
      return collect(current, { errors, warnings });
    },
  };
}

/** JSON files are judged differently (many are no manifests at all), hence not by the blob alone. */
function cacheKey({ path, blob }: TreeFile): string {
  return path.endsWith('.json') ? `${blob}.json` : blob;
}

async function parseBytes(path: string, bytes: Buffer, pause: (length: number) => Promise<void>): Promise<ParsedFile> {
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
    await setImmediate();
    signal?.throwIfAborted();
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

/** What one file holds, with its manifests in their places. */
interface FileManifests {
  readonly parsed: ParsedFile;
  readonly manifests: readonly Manifest[];
}

function manifestsOf(file: string, parsed: ParsedFile, before: FileManifests | undefined): FileManifests {
  if (before?.parsed === parsed) return before;
  const manifests = parsed.objects.map(({ object, checksum, document, line, item }) => ({
    place: { file, document, line, ...(item === undefined ? {} : { item }) },
    object,
    checksum,
  }));
  return { parsed, manifests };
}

function collect(
  files: ReadonlyMap<string, FileManifests>,
  found: { readonly errors: readonly FileProblem[]; readonly warnings: readonly FileProblem[] },
): DesiredManifests {
  const manifests: Manifest[] = [];
  const errors = [...found.errors];
  const warnings = [...found.warnings];
  for (const [file, { parsed, manifests: some }] of files) {
    for (const manifest of some) manifests.push(manifest);
    for (const problem of parsed.errors) errors.push({ file, ...problem });
    for (const problem of parsed.warnings) warnings.push({ file, ...problem });
  }
  return { manifests, errors, warnings };
}
