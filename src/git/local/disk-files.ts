import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FluxError, folderOf, hasErrno, messageOf } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { SYMLINK } from '../selection.ts';
import { nameOf } from '../tree.ts';

/** A part of a path. */
export type Name = Pick<TreeFile, 'path' | 'undecodable'>;

/** What is at a path: a file, a link or a folder, or `special`: a FIFO, a socket or a device. */
export type Entry =
  | { readonly kind: 'file'; readonly file: TreeFile }
  | { readonly kind: 'folder' }
  | { readonly kind: 'special' };

/**
 * The files below a folder, as they are on the disk. Links are never followed, also not in the folders of a path, and only regular files
 * are opened, so that nothing outside of the root is read, and nothing waits for a FIFO.
 */
export class DiskFiles {
  readonly #root: string;
  readonly #maxBytes: number;
  readonly #byId = new Map<string, TreeFile>();
  readonly #folders = new Map<string, Promise<boolean>>();

  /** Larger files than `maxBytes` are listed, and not read. */
  constructor(root: string, maxBytes: number) {
    this.#root = root;
    this.#maxBytes = maxBytes;
  }

  /** What is at a path relative to the root; undefined if there is nothing. */
  async look(path: string): Promise<Entry | undefined> {
    if (!(await this.#isFolder(folderOf(path)))) return undefined;
    const found = await this.#stat(path);
    if (found === undefined) return undefined;
    if (found.isDirectory()) return { kind: 'folder' };
    if (!found.isFile() && !found.isSymbolicLink()) return { kind: 'special' };
    const file = fileOf(path, found);
    this.#byId.set(file.blob, file);
    return { kind: 'file', file };
  }

  /** The names in a folder that was looked at. */
  async namesIn(folder: string): Promise<readonly Name[]> {
    try {
      return (await readdir(join(this.#root, folder), { encoding: 'buffer' })).map(nameOf);
    } catch (error) {
      throw unreadable(folder, error);
    }
  }

  /**
   * The bytes of a file, or the target of a link, by its id.
   * @throws FluxError `git/file-unreadable`; `git/file-changed`; `git/blob-too-large`
   */
  async read(id: string): Promise<Buffer> {
    const file = this.#byId.get(id);
    if (file === undefined) throw new Error(`no file has the id ${id}`);
    const { path, mode, size } = file;
    if (size > this.#maxBytes) throw tooLarge(path, this.#maxBytes);
    const at = join(this.#root, path);
    if (mode === SYMLINK) return readlink(at, 'buffer').catch((error: unknown) => Promise.reject(unreadable(path, error)));
    const opened = open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    await using handle = await opened.catch((error: unknown) => Promise.reject(unreadable(path, error)));
    if (fileOf(path, await handle.stat({ bigint: true })).blob !== id) throw changed(path);
    const bytes = Buffer.alloc(size);
    for (let length = 0; length < size; ) {
      const { bytesRead } = await handle.read(bytes, length, size - length);
      if (bytesRead === 0) throw changed(path);
      length += bytesRead;
    }
    return bytes;
  }

  #isFolder(path: string): Promise<boolean> {
    if (path === '') return Promise.resolve(true);
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const found = this.#isFolder(folderOf(path)).then(
      async (inFolder) => inFolder && (await this.#stat(path))?.isDirectory() === true,
    );
    this.#folders.set(path, found);
    return found;
  }

  async #stat(path: string): Promise<BigIntStats | undefined> {
    try {
      return await lstat(join(this.#root, path), { bigint: true });
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw unreadable(path, error);
    }
  }
}

/** The id stands for the path and the state of the file, by which git too finds out whether a file has changed. */
function fileOf(path: string, found: BigIntStats): TreeFile {
  const { mode, dev, ino, size, mtimeNs, ctimeNs } = found;
  const id = createHash('sha1').update([path, mode, dev, ino, size, mtimeNs, ctimeNs].join('\0')).digest('hex');
  const kind = found.isSymbolicLink() ? SYMLINK : mode & 0o100n ? '100755' : '100644';
  return { path, mode: kind, blob: id, size: Number(size) };
}

/** The error for a path that cannot be read. Node appends the system call and the path, which the message already has. */
export function unreadable(path: string, cause: unknown): FluxError {
  return new FluxError(`${path}: ${messageOf(cause).replace(/^E[A-Z]+: (.*?), [a-z]+ .*$/s, '$1')}`, {
    code: 'git/file-unreadable',
    fault: 'user',
    cause,
  });
}

function tooLarge(path: string, maxBytes: number): FluxError {
  return new FluxError(`${path}: more than ${maxBytes >> 20} MiB`, { code: 'git/blob-too-large', fault: 'user' });
}

function changed(path: string): FluxError {
  return new FluxError(`${path} changed while it was read`, {
    code: 'git/file-changed',
    fault: 'user',
    help: 'Run the command again.',
  });
}
