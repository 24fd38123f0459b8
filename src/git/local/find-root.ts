import type { Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { FluxError, hasErrno } from '../../base/index.ts';
import { unreadable } from './disk-files.ts';

/** Paths of one work tree, or of one folder outside of Git, which is then the root itself. */
export interface LocalRoot {
  readonly root: string;
  /** Whether it is the work tree of a Git repository. */
  readonly isGit: boolean;
  /** Relative to the root, separated by `/`; empty for the root itself. */
  readonly paths: readonly string[];
}

/** One path, and the root that it belongs to. */
interface Rooted extends Omit<LocalRoot, 'paths'> {
  readonly path: string;
}

/**
 * The work tree of Git that has these absolute paths; a path need not exist.
 * @throws FluxError `git/bad-path` for a path in `.git`, and for paths of several roots; `git/file-unreadable`
 */
export async function findRoot(paths: readonly string[]): Promise<LocalRoot> {
  const found = await Promise.all(paths.map(rootOf));
  const [first] = found;
  if (first === undefined) throw new Error('no path');
  const other = found.findIndex(({ root }) => root !== first.root);
  if (other > 0) throw badPath(`${paths[0]} and ${paths[other]} are not in the same repository`, 'Give paths of one work tree.');
  return { root: first.root, isGit: first.isGit, paths: found.map(({ path }) => path) };
}

/**
 * A folder as a root of its own.
 * @throws FluxError `git/bad-path` for a file; `git/file-unreadable`
 */
export async function folderAsRoot(path: string): Promise<LocalRoot> {
  const root = await reading(path, realpath(path));
  if (!(await reading(path, stat(root))).isDirectory())
    throw badPath(`${path}: not a folder`, 'Outside of Git, give the folder: it is the root.');
  return { root, isGit: false, paths: [''] };
}

async function rootOf(path: string): Promise<Rooted> {
  const inGit = await workTreeOf(path);
  if (inGit) return inGit;
  const { root } = await folderAsRoot(path);
  // A link from outside may lead into a work tree.
  return (await workTreeOf(root)) ?? { root, isGit: false, path: '' };
}

/** By the names in the path alone: what the repository itself has as a link is not followed. */
async function workTreeOf(path: string): Promise<Rooted | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (await hasRepository(folder)) {
      const inside = relative(folder, path).split(sep).join('/');
      if (inside.split('/').some((part) => part.toLowerCase() === '.git')) throw badPath(`${path}: .git is never read`);
      return { root: folder, isGit: true, path: inside };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** A linked work tree, and that of a submodule, has a file; Git takes no notice of a folder that is no repository. */
async function hasRepository(folder: string): Promise<boolean> {
  const found = await statsOf(join(folder, '.git'));
  return found !== undefined && (found.isFile() || (await statsOf(join(folder, '.git', 'HEAD'))) !== undefined);
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw unreadable(path, error);
  }
}

function reading<T>(path: string, result: Promise<T>): Promise<T> {
  return result.catch((error: unknown) => {
    throw unreadable(path, error);
  });
}

export function badPath(message: string, help?: string): FluxError {
  return new FluxError(message, { code: 'git/bad-path', fault: 'user', ...(help === undefined ? {} : { help }) });
}
