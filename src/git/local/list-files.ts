import { FluxError, yieldTurn } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { SUBMODULE } from '../selection.ts';
import { MAX_ENTRIES, nameOf } from '../tree.ts';
import type { DiskFiles, Name } from './disk-files.ts';

/** A path that is not among the files. `special`: a FIFO, a socket or a device. `sparse`: a sparse checkout lacks it. */
export interface LeftOut {
  readonly path: string;
  readonly why: 'special' | 'sparse';
}

export interface Listing {
  /** In the order of git, by path. */
  readonly files: readonly TreeFile[];
  readonly leftOut: readonly LeftOut[];
}

/** Paths that are looked at together. */
const AT_ONCE = 64;
/** Folders outside of Git that never hold manifests. */
const NOT_ENTERED: readonly string[] = ['.git', 'node_modules'];

/**
 * The files of a work tree by the output of `lsFiles`.
 * @throws FluxError `git/too-many-files`
 */
export async function listWorkTree(output: Buffer, disk: DiskFiles, signal: AbortSignal): Promise<Listing> {
  const found = new Collected();
  const look = async ([path, { isSparse, isRepository, undecodable }]: readonly [string, Listed]) => {
    if (undecodable) return found.addFile({ path, undecodable, mode: '100644', blob: '', size: 0 });
    const entry = await disk.look(path);
    if (entry?.kind === 'file') found.addFile(entry.file);
    else if (entry?.kind === 'special') found.leaveOut({ path, why: 'special' });
    else if (isRepository) found.addFile({ path, mode: SUBMODULE, blob: '', size: 0 });
    else if (isSparse) found.leaveOut({ path, why: 'sparse' });
  };
  for await (const batch of inBatches(listed(output), signal)) await Promise.all(batch.map(look));
  return found.listing();
}

/**
 * All files below a root outside of Git.
 * @throws FluxError `git/too-many-files`
 */
export async function listFolder(disk: DiskFiles, signal: AbortSignal): Promise<Listing> {
  const found = new Collected();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const prefix = folder === '' ? '' : `${folder}/`;
    const look = async ({ path: name, undecodable }: Name) => {
      const path = `${prefix}${name}`;
      if (undecodable) return found.addFile({ path, undecodable, mode: '100644', blob: '', size: 0 });
      const entry = await disk.look(path);
      if (entry?.kind === 'file') found.addFile(entry.file);
      else if (entry?.kind === 'special') found.leaveOut({ path, why: 'special' });
      else if (entry?.kind === 'folder' && !NOT_ENTERED.includes(name)) folders.push(path);
    };
    for await (const batch of inBatches(await disk.namesIn(folder), signal)) await Promise.all(batch.map(look));
  }
  return found.listing();
}

/** An entry of the index, or a path that is not in it. */
interface Listed {
  readonly isSparse: boolean;
  readonly isRepository: boolean;
  readonly undecodable?: true;
}

const TAB = 0x09;
const UNTRACKED = '?'.charCodeAt(0);

/** By path, since a path in conflict has several entries. */
function listed(output: Buffer): ReadonlyMap<string, Listed> {
  const found = new Map<string, Listed>();
  for (let start = 0, end = output.indexOf(0); end >= 0; start = end + 1, end = output.indexOf(0, start)) {
    const isUntracked = output[start] === UNTRACKED;
    const name = isUntracked ? start + 2 : output.indexOf(TAB, start) + 1;
    const { path, undecodable } = nameOf(output.subarray(name, end));
    const [tag, mode] = output.toString('latin1', start, name).split(' ');
    found.set(path.replace(/\/$/, ''), {
      isSparse: tag === 'S',
      isRepository: isUntracked ? path.endsWith('/') : mode === SUBMODULE,
      ...(undecodable ? { undecodable } : {}),
    });
  }
  return found;
}

async function* inBatches<T>(items: Iterable<T>, signal: AbortSignal): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < AT_ONCE) continue;
    yield batch;
    batch = [];
    await yieldTurn(signal);
  }
  yield batch;
}

class Collected {
  readonly #files: TreeFile[] = [];
  readonly #leftOut: LeftOut[] = [];

  addFile(file: TreeFile): void {
    this.#files.push(file);
    this.#checkNumber();
  }

  leaveOut(what: LeftOut): void {
    this.#leftOut.push(what);
    this.#checkNumber();
  }

  listing(): Listing {
    const keyed = this.#files.map((file) => ({ file, key: Buffer.from(file.path) }));
    return { files: keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ file }) => file), leftOut: this.#leftOut };
  }

  #checkNumber(): void {
    if (this.#files.length + this.#leftOut.length <= MAX_ENTRIES) return;
    throw new FluxError(`there are more than ${MAX_ENTRIES} files`, {
      code: 'git/too-many-files',
      fault: 'user',
      help: 'Run the command in the repository, and ignore what it does not have (.gitignore).',
    });
  }
}
