import { posix } from 'node:path';
import { yieldTurn } from '../base/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { SYMLINK, type Wanted } from './selection.ts';
import { type TreeFile, treeEntries } from './tree.ts';

/** As whoever follows them. */
const MAX_LINKS = 10;
/** PATH_MAX of Linux: together the arguments of one process stay below what the system has room for. */
const MAX_PATH_BYTES = 4096;
const BATCH = 100;
/** Files that are looked at between two turns of the event loop. */
const TURN = 2_000;

/**
 * Files that links with a wanted name lead to, though their own names are not wanted. A listing that has all links and all wanted
 * files lacks no other. Whether a link is followed is up to the reader.
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

/** Where the links end, if it is a path that may be in the repository. */
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
