import { posix } from 'node:path';
import { yieldTurn } from '../base/index.ts';
import type { TreeFile } from '../repository/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { SYMLINK, type Wanted } from './selection.ts';
import { treeEntries } from './tree.ts';

/** The same limit as the reader that follows links. */
const MAX_LINKS = 10;
/** PATH_MAX of Linux; keeps the arguments of one process below the system's limit. */
const MAX_PATH_BYTES = 4096;
const BATCH = 100;
/** Files processed in one turn of the event loop. */
const TURN = 2_000;

/**
 * The targets of links with a wanted name whose own names are not wanted: the only files that a listing of all links and wanted files
 * lacks. The reader decides whether to follow a link.
 */
export async function linkTargets(
  git: Git,
  revision: string,
  files: readonly TreeFile[],
  { names, below }: Wanted,
  readLink: (blob: string) => Promise<Buffer>,
  run: RunOptions,
): Promise<readonly TreeFile[]> {
  const links = new Map<string, TreeFile>();
  for (const [index, file] of files.entries()) {
    if (index % TURN === TURN - 1) await yieldTurn(run.signal);
    if (file.mode === SYMLINK && !file.undecodable) links.set(file.path, file);
  }
  const targets = new Set<string>();
  for (const { path } of links.values()) {
    if (!names.test(path)) continue;
    const target = await endOf(path, links, readLink);
    if (target !== undefined && !names.test(target) && isBelow(target, below)) targets.add(target);
  }
  const found: TreeFile[] = [];
  const asked = [...targets];
  for (let start = 0; start < asked.length; start += BATCH) {
    const listing = await git.lsTree(revision, asked.slice(start, start + BATCH), { ...run, recursive: false });
    found.push(...[...treeEntries(listing)].filter(({ path, mode }) => mode.startsWith('100') && targets.has(path)));
  }
  return found;
}

/** The final target of links, if it is a path inside the repository. */
async function endOf(
  start: string,
  links: ReadonlyMap<string, TreeFile>,
  readLink: (blob: string) => Promise<Buffer>,
): Promise<string | undefined> {
  let path = start;
  for (let hops = 0; hops <= MAX_LINKS; hops += 1) {
    const link = links.get(path);
    if (!link) return path;
    if (link.size > MAX_PATH_BYTES) return undefined;
    const target = (await readLink(link.blob)).toString('utf8');
    path = posix.normalize(posix.join(posix.dirname(path), target));
    if (target.startsWith('/') || target.includes('\0') || path.length > MAX_PATH_BYTES || /^\.\.?(?:$|\/)/.test(path))
      return undefined;
  }
  return undefined;
}

function isBelow(path: string, below: readonly string[]): boolean {
  return below.length === 0 || below.some((folder) => path === folder || path.startsWith(`${folder}/`));
}
