import type { TreeFile } from '../repository/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { isWanted, SUBMODULE, type Wanted } from './selection.ts';
import { type TreeChange, treeChanges } from './tree.ts';

/** After more changes, or longer names, a whole listing costs less. */
const MAX_CHANGES = { files: 1_000, bytes: 1 << 20 };

/** A revision and what `listFiles` returns for it. */
export interface Listing {
  readonly revision: string;
  readonly files: readonly TreeFile[];
}

/**
 * What `listFiles` returns for a revision, made from the listing of another one: git then reads only the folders that differ. Undefined
 * if only a whole listing can say it: after many changes, with names that are not UTF-8, and if a path may have disappeared.
 */
export async function changedFiles(
  git: Pick<Git, 'diffTree'>,
  { revision: from, files }: Listing,
  to: string,
  { names, below }: Wanted,
  sizeOf: (blob: string) => Promise<number>,
  run: RunOptions,
): Promise<readonly TreeFile[] | undefined> {
  const changes: TreeChange[] = [];
  for (const change of treeChanges(await git.diffTree(from, to, below, { ...run, maxBytes: MAX_CHANGES.bytes }))) {
    if (changes.length === MAX_CHANGES.files || change.undecodable) return undefined;
    changes.push(change);
  }
  if (files.some(({ undecodable }) => undecodable)) return undefined;
  changes.sort((a, b) => inOrder(a.path, b.path));

  const changed = await Promise.all(
    changes.map(async ({ path, now }): Promise<readonly TreeFile[]> => {
      if (!now || !isWanted({ path, mode: now.mode }, names)) return [];
      return [{ path, ...now, size: now.mode === SUBMODULE ? 0 : await sizeOf(now.blob) }];
    }),
  );
  const parts: (readonly TreeFile[])[] = [];
  let done = 0;
  for (const [index, { path }] of changes.entries()) {
    const at = placeOf(path, files);
    parts.push(files.slice(done, at), changed[index] ?? []);
    done = files[at]?.path === path ? at + 1 : at;
  }
  const result = [...parts, files.slice(done)].flat();
  const hasRemoved = changes.some(({ now }) => now === undefined);
  return hasRemoved && !below.every((path) => isThere(path, result)) ? undefined : result;
}

/** Whether one of the files is at or below the path. */
function isThere(path: string, files: readonly TreeFile[]): boolean {
  const first = files[placeOf(`${path}/`, files)]?.path ?? '';
  return first.startsWith(`${path}/`) || files[placeOf(path, files)]?.path === path;
}

/** The index of a path among sorted files, or where it would be. */
function placeOf(path: string, files: readonly TreeFile[]): number {
  let [low, high] = [0, files.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (inOrder(files[middle]?.path ?? '', path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of git, by bytes. */
function inOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
