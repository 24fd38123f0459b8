import { FluxError } from '../base/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';

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

const [NUL, TAB, SPACE] = [0x00, 0x09, 0x20];

/**
 * Parses `<mode> <type> <id> <size>\t<path>\0` entries. Each text is made from its own bytes: a part of one long string would
 * hold all of it in memory, and what is remembered of a file outlives many listings.
 */
export function parseTree(output: Buffer): readonly TreeFile[] {
  const files: TreeFile[] = [];
  for (let start = 0, end = output.indexOf(NUL); end >= 0; start = end + 1, end = output.indexOf(NUL, start)) {
    const afterMode = output.indexOf(SPACE, start);
    const afterType = output.indexOf(SPACE, afterMode + 1);
    const afterId = output.indexOf(SPACE, afterType + 1);
    const tab = output.indexOf(TAB, afterId);
    const size = output.toString('latin1', afterId + 1, tab).trim();
    files.push({
      path: output.toString('utf8', tab + 1, end),
      mode: modeOf(output.toString('latin1', start, afterMode)),
      blob: output.toString('latin1', afterType + 1, afterId),
      size: size === '-' ? 0 : Number(size),
    });
  }
  return files;
}

/** Git knows no others. */
const MODES: readonly string[] = ['100644', '100755', '120000', '160000'];

/** The one copy of each mode. */
function modeOf(text: string): string {
  return MODES.find((mode) => mode === text) ?? text;
}
