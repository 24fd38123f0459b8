import { type Clock, FluxError, type Logger, yieldTurn } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import type { DesiredState } from '../../resource/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import type { ClearFiles } from '../decryption/clear-files.ts';
import { MAX_INLINE_LENGTH } from '../limits.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import type { FileContent } from '../parse-file.ts';
import { mayHaveVariables, type Variables } from '../substitution/variables.ts';
import type { Inputs, PlainRenderer } from '../units/renderer.ts';
import { batches, oneAhead } from './batches.ts';
import { contentKeyOf, type FileRead, movedTo, placed, tooLarge, unkept } from './file-read.ts';
import { withOtherTools } from './other-tools.ts';
import { RefusedFiles } from './refused-files.ts';
import { selectFiles } from './select-files.ts';

export interface PlainRendererOptions {
  readonly log: Logger;
  /** The thread that reads and edits long files. */
  readonly thread: ManifestThread;
  /** Clock for retrying unreadable content. */
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Without it, encrypted documents are refused. */
  readonly clearFiles?: ClearFiles | undefined;
}

/** The content of a file to read, or why it cannot be decrypted. */
type Opened = Pick<FileContent, 'bytes' | 'encrypted'> | { readonly error: FluxError };

/**
 * Renders files that are manifests as they are. Those of the last rendering are cached by blob id: after a commit that changes one file,
 * only that file is parsed, and unchanged files yield the same manifests. Removed files are dropped.
 */
export function createPlainRenderer({ log, thread, clock, clearFiles }: PlainRendererOptions): PlainRenderer {
  const refused = new RefusedFiles(clock);
  /** Files by path. */
  const kept = new Map<string, FileRead>();

  return {
    async render({ includes }, { files: all, read, variables }, { signal, keep, budget }) {
      const inputs = await selectFiles(all, includes, async (link) => (await read(link)).toString('utf8'), signal);
      const { files } = inputs;
      const pause = turnTaker(signal);
      // Looked up before anything is awaited: a concurrent rendering may replace what is kept.
      const unchanged = files.map((file) => ofContent(file, kept.get(file.path), variables));
      const changed = files.filter((_, index) => unchanged[index] === undefined);
      const sameContent = findContents(kept.values(), changed, variables);
      const fresh = new Map<string, FileRead>();
      let parsed = 0;
      let unsettled = false;
      // A rendering that is not kept gets the part of the budget that the cache leaves.
      for (const known of keep ? unchanged : kept.values()) if (known) budget.take(known);
      const isWanted = (file: TreeFile) =>
        !budget.isSpent &&
        file.size <= MAX_FILE_BYTES &&
        !sameContent.has(contentKeyOf(file)) &&
        refused.of(contentKeyOf(file)) === undefined;
      const fetched = async (batch: readonly TreeFile[]) =>
        Promise.all(batch.map(async (file) => ({ file, content: isWanted(file) ? await opened(file) : undefined })));
      const opened = async (file: TreeFile): Promise<Opened> => {
        const bytes = await read(file);
        try {
          const clear = await clearFiles?.of(file, bytes, signal ? { signal } : {});
          return clear ? { bytes: clear, encrypted: bytes } : { bytes };
        } catch (error) {
          signal?.throwIfAborted();
          if (!(error instanceof FluxError)) throw error;
          return { error };
        }
      };
      const parse = async (file: TreeFile, content: Opened | undefined): Promise<FileRead> => {
        if (file.size > MAX_FILE_BYTES) return placed(file, tooLarge(file));
        if (!content) return unkept(file.path, refused.of(contentKeyOf(file)) ?? budget.refusal('file'));
        if ('error' in content) {
          unsettled = true;
          return unkept(file.path, content.error);
        }
        await pause(content.bytes.length);
        parsed += 1;
        try {
          const read = await thread.parse({ ...content, isJson: file.path.endsWith('.json'), variables }, signal);
          const uses: Pick<FileRead, 'variables'> =
            variables && mayHaveVariables(content.bytes) ? { variables: variables.version } : {};
          const encrypted = content.encrypted && `${file.blob} ${uses.variables ?? ''}`;
          return { ...placed(file, read, encrypted), ...uses };
        } catch (error) {
          if (!(error instanceof FluxError)) throw error;
          refused.add(contentKeyOf(file), error);
          return unkept(file.path, error);
        }
      };
      for await (const contents of oneAhead(batches(changed), fetched)) {
        for (const { file, content } of contents) {
          const known = sameContent.get(contentKeyOf(file));
          const result = known ? movedTo(file.path, known) : await parse(file, content);
          if (!budget.take(result)) fresh.set(file.path, unkept(file.path, budget.refusal('file')));
          else {
            sameContent.set(result.contentKey, result);
            fresh.set(file.path, result);
          }
        }
      }
      log.debug({ files: files.length, parsed }, 'read manifests');
      if (keep) {
        for (const [path, result] of fresh) kept.set(path, result);
        if (kept.size > files.length) forgetOthers(kept, files);
      }
      const state = collect(
        files.flatMap(({ path }, index) => unchanged[index] ?? fresh.get(path) ?? []),
        inputs,
      );
      return unsettled ? { ...state, unsettled } : state;
    },
  };
}

/** A cached result, if it is of the content that the file has now, with the values that variables have now. */
function ofContent(file: TreeFile, known: FileRead | undefined, variables: Variables | undefined): FileRead | undefined {
  return known?.contentKey === contentKeyOf(file) && isOf(variables, known) ? known : undefined;
}

function isOf(variables: Variables | undefined, known: FileRead): boolean {
  return known.variables === undefined || known.variables === variables?.version;
}

/** Cached content of these files, by key. */
function findContents(
  known: Iterable<FileRead>,
  files: readonly TreeFile[],
  variables: Variables | undefined,
): Map<string, FileRead> {
  const wanted = new Set(files.map(contentKeyOf));
  const found = new Map<string, FileRead>();
  if (wanted.size > 0)
    for (const read of known) if (wanted.has(read.contentKey) && isOf(variables, read)) found.set(read.contentKey, read);
  return found;
}

function forgetOthers(kept: Map<string, FileRead>, files: readonly TreeFile[]): void {
  const paths = new Set(files.map(({ path }) => path));
  for (const path of kept.keys()) if (!paths.has(path)) kept.delete(path);
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

function collect(files: readonly FileRead[], { errors, warnings }: Inputs): DesiredState {
  const manifests = files.flatMap((file) => file.manifests);
  return {
    manifests,
    errors: [...errors, ...files.flatMap((file) => file.errors)],
    warnings: withOtherTools(manifests, [...warnings, ...files.flatMap((file) => file.warnings)]),
  };
}
