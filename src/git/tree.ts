import { FluxError } from '../base/index.ts';
import type { Git, RunOptions } from './git.ts';

/** A file of a revision, as `git ls-tree` lists it. */
export interface TreeFile {
  readonly path: string;
  /** `100644`, `100755`, `120000` (symbolic link) or `160000` (submodule). */
  readonly mode: string;
  readonly blob: string;
  /** Bytes; 0 for a submodule. */
  readonly size: number;
}

/**
 * All files of a tree below the paths (all when there are none).
 * @throws FluxError `git/path-missing`, naming the first path with nothing in it: an empty answer would read as "delete everything".
 */
export async function listFiles(
  git: Git,
  revision: string,
  paths: readonly string[],
  options: RunOptions,
): Promise<readonly TreeFile[]> {
  const wanted = paths.includes('') ? [] : paths;
  const files = parseTree(await git.lsTree(revision, wanted, { ...options, recursive: true }));
  for (const path of wanted) {
    if (!files.some((file) => file.path === path || file.path.startsWith(`${path}/`)))
      throw new FluxError(`path "${path}" does not exist in revision ${revision.slice(0, 7)}`, {
        code: 'git/path-missing',
        fault: 'user',
        help: 'Correct --git-path, or bring the directory back; until then nothing is applied and nothing deleted.',
      });
  }
  return files;
}

/** Parses `<mode> <type> <id> <size>\t<path>\0` entries. */
export function parseTree(output: Buffer): readonly TreeFile[] {
  return output
    .toString('utf8')
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const tab = entry.indexOf('\t');
      const [mode = '', , blob = '', size = ''] = entry.slice(0, tab).split(/ +/);
      return { path: entry.slice(tab + 1), mode, blob, size: size === '-' ? 0 : Number(size) };
    });
}
