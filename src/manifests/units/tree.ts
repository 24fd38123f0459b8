import { createHash } from 'node:crypto';
import { type Cancellable, yieldTurn } from '../../base/index.ts';
import type { CommandFiles, FileText, TreeFile } from '../../repository/index.ts';
import type { ValueObjects } from '../substitution/value-objects.ts';
import type { Variables } from '../substitution/variables.ts';

/** Files processed in one turn of the event loop, 1 to 2 ms. */
const TURN = 2_000;

/** What manifests have from objects of the cluster. */
export interface ClusterValues {
  /** What variables in manifests stand for; without it, there are none. */
  readonly variables?: Variables | undefined;
  /** Objects that may have values of charts. */
  readonly objects?: ValueObjects | undefined;
}

export interface TreeOptions extends Cancellable, ClusterValues {}

/** The files of a revision, or of one with edits that are not committed yet. */
export class Tree implements CommandFiles, ClusterValues {
  readonly files: readonly TreeFile[];
  /** SHA-256 of the listing: trees with the same id have the same files. */
  readonly id: string;
  readonly variables: ClusterValues['variables'];
  readonly objects: ClusterValues['objects'];
  readonly #byPath: ReadonlyMap<string, TreeFile>;
  readonly #blob: (id: string) => Promise<Buffer>;

  private constructor(
    files: readonly TreeFile[],
    listing: { readonly id: string; readonly byPath: ReadonlyMap<string, TreeFile> },
    blob: (id: string) => Promise<Buffer>,
    { variables, objects }: ClusterValues,
  ) {
    this.files = files;
    this.variables = variables;
    this.objects = objects;
    this.id = listing.id;
    this.#byPath = listing.byPath;
    this.#blob = blob;
  }

  /** The files in the order of git, by path. */
  static async of(
    files: readonly TreeFile[],
    blob: (id: string) => Promise<Buffer>,
    { signal, ...values }: TreeOptions,
  ): Promise<Tree> {
    const hash = createHash('sha256');
    const byPath = new Map<string, TreeFile>();
    for (let start = 0; start < files.length; start += TURN) {
      if (start > 0) await yieldTurn(signal);
      for (const file of files.slice(start, start + TURN)) {
        hash.update(`${file.mode} ${file.blob} ${file.path}\0`);
        if (!file.undecodable) byPath.set(file.path, file);
      }
    }
    return new Tree(files, { id: hash.digest('hex'), byPath }, blob, values);
  }

  /** The bytes of a file; rejects only if they cannot be read. */
  read = (file: TreeFile): Promise<Buffer> => this.#blob(file.blob);

  /** The file, link or submodule at a path relative to the root. */
  get(path: string): TreeFile | undefined {
    return this.#byPath.get(path);
  }

  /** All that is below a folder; the empty one is the root. What is listed under a name that is not UTF-8 is among it. */
  below(folder: string): readonly TreeFile[] {
    if (folder === '') return this.files;
    // The character after `/` begins the first path behind them, in the order of git.
    const [from, to] = [placeOf(Buffer.from(`${folder}/`), this.files, 0), placeOf(Buffer.from(`${folder}0`), this.files, 0)];
    return this.files.slice(from, to);
  }

  /** The same files with new texts, as a commit of them will have; a path without a file becomes one. The last text of a path counts. */
  async with(edits: readonly FileText[], { signal }: Cancellable): Promise<Tree> {
    if (edits.length === 0) return this;
    const contents = new Map<string, Buffer>();
    const edited = new Map<string, TreeFile>();
    for (const { path, content } of edits) {
      await yieldTurn(signal);
      const bytes = Buffer.from(content);
      const blob = blobId(bytes);
      contents.set(blob, bytes);
      edited.set(path, { path, mode: this.get(path)?.mode ?? '100644', blob, size: bytes.length });
    }
    return this.#replacing(edited, signal, async (id) => contents.get(id) ?? this.#blob(id));
  }

  /** The same files, with others under their paths, whose content is of this revision. */
  async withFiles(files: readonly TreeFile[], { signal }: Cancellable): Promise<Tree> {
    if (files.length === 0) return this;
    return this.#replacing(new Map(files.map((file) => [file.path, file])), signal, this.#blob);
  }

  #replacing(
    edited: ReadonlyMap<string, TreeFile>,
    signal: AbortSignal | undefined,
    blob: (id: string) => Promise<Buffer>,
  ): Promise<Tree> {
    const kept = this.files.map((file) => (file.undecodable ? file : (edited.get(file.path) ?? file)));
    const added = [...edited.values()].filter(({ path }) => !this.#byPath.has(path));
    const options = { ...(signal ? { signal } : {}), variables: this.variables, objects: this.objects };
    return Tree.of(merged(kept, added), blob, options);
  }
}

/** New files among those of a listing, in the order of git, which sorts paths by their bytes. */
function merged(files: readonly TreeFile[], added: readonly TreeFile[]): readonly TreeFile[] {
  const sorted = added.map((file) => ({ file, bytes: Buffer.from(file.path) })).sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const parts: TreeFile[][] = [];
  let from = 0;
  for (const { file, bytes } of sorted) {
    const place = placeOf(bytes, files, from);
    parts.push(files.slice(from, place), [file]);
    from = place;
  }
  return [...parts.flat(), ...files.slice(from)];
}

/** Where a new file belongs, by its path; not before `from`. */
function placeOf(bytes: Buffer, files: readonly TreeFile[], from: number): number {
  let [low, high] = [from, files.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(Buffer.from(files[middle]?.path ?? ''), bytes) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Files that are no revision, as one lists them, under the ids that Git would assign; and their content by id. */
export function listingOf(texts: readonly FileText[]) {
  const contents = new Map<string, Buffer>();
  const files = texts.map(({ path, content }): TreeFile => {
    const bytes = Buffer.from(content);
    const blob = blobId(bytes);
    contents.set(blob, bytes);
    return { path, mode: '100644', blob, size: bytes.length };
  });
  return { files, blob: async (id: string) => contents.get(id) ?? Buffer.alloc(0) };
}

/** The id that Git gives to content. */
export function blobId(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
