import { createHash } from 'node:crypto';
import { type Cancellable, yieldTurn } from '../../base/index.ts';
import type { CommandFiles, FileText, TreeFile } from '../../repository/index.ts';

/** Files processed in one turn of the event loop, 1 to 2 ms. */
const TURN = 2_000;

/** The files of a revision, or of one with edits that are not committed yet. */
export class Tree implements CommandFiles {
  readonly files: readonly TreeFile[];
  /** SHA-256 of the listing: trees with the same id have the same files. */
  readonly id: string;
  readonly #byPath: ReadonlyMap<string, TreeFile>;
  readonly #blob: (id: string) => Promise<Buffer>;

  private constructor(
    files: readonly TreeFile[],
    listing: { readonly id: string; readonly byPath: ReadonlyMap<string, TreeFile> },
    blob: (id: string) => Promise<Buffer>,
  ) {
    this.files = files;
    this.id = listing.id;
    this.#byPath = listing.byPath;
    this.#blob = blob;
  }

  /** The files in the order of git, by path. */
  static async of(files: readonly TreeFile[], blob: (id: string) => Promise<Buffer>, { signal }: Cancellable): Promise<Tree> {
    const hash = createHash('sha256');
    const byPath = new Map<string, TreeFile>();
    for (let start = 0; start < files.length; start += TURN) {
      if (start > 0) await yieldTurn(signal);
      for (const file of files.slice(start, start + TURN)) {
        hash.update(`${file.mode} ${file.blob} ${file.path}\0`);
        if (!file.undecodable) byPath.set(file.path, file);
      }
    }
    return new Tree(files, { id: hash.digest('hex'), byPath }, blob);
  }

  /** The bytes of a file; rejects only if they cannot be read. */
  read = (file: TreeFile): Promise<Buffer> => this.#blob(file.blob);

  /** The file, link or submodule at a path relative to the root. */
  get(path: string): TreeFile | undefined {
    return this.#byPath.get(path);
  }

  /** The same files with new texts, as a commit of them will have; a path without a file becomes one. */
  async with(edits: readonly FileText[], cancel: Cancellable): Promise<Tree> {
    if (edits.length === 0) return this;
    const contents = new Map<string, Buffer>();
    const files = [...this.files];
    for (const { path, content } of edits) {
      const bytes = Buffer.from(content);
      const blob = blobId(bytes);
      contents.set(blob, bytes);
      const old = this.get(path);
      const file = { path, mode: old?.mode ?? '100644', blob, size: bytes.length };
      if (old) files[files.indexOf(old)] = file;
      else files.splice(placeOf(path, files), 0, file);
    }
    return Tree.of(files, async (id) => contents.get(id) ?? this.#blob(id), cancel);
  }
}

/** Where a new file belongs: git sorts paths by their bytes. */
function placeOf(path: string, files: readonly TreeFile[]): number {
  const bytes = Buffer.from(path);
  let [low, high] = [0, files.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(Buffer.from(files[middle]?.path ?? ''), bytes) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The id that Git gives to content. */
export function blobId(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
