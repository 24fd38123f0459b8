import { posix } from 'node:path';
import { folderOf } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { SYMLINK } from '../resolve-link.ts';
import type { Tree } from '../units/tree.ts';

/** Where a path leads, and the links on the way. */
export interface Followed {
  /** Relative to the root of the repository, without links; empty for the root. */
  readonly path: string;
  readonly links: readonly TreeFile[];
}

const MAX_LINKS = 40;
const MAX_TARGET_BYTES = 4096;

/**
 * Follows a path from a folder without links; undefined if it leaves the tree, or has too many links. As kustomize does, it takes `x/..`
 * in the path for nothing, even if `x` is a link; in the target of a link it does as a system does.
 */
export async function followPath(tree: Pick<Tree, 'get' | 'read'>, folder: string, path: string): Promise<Followed | undefined> {
  if (posix.isAbsolute(path)) return undefined;
  const rest = posix.join(folder, path).split('/').reverse();
  const links: TreeFile[] = [];
  let here = '';
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (here === '') return undefined;
      here = folderOf(here);
      continue;
    }
    const next = here === '' ? name : `${here}/${name}`;
    const file = tree.get(next);
    if (file?.mode !== SYMLINK) {
      here = next;
      continue;
    }
    links.push(file);
    if (links.length > MAX_LINKS || file.size > MAX_TARGET_BYTES) return undefined;
    const target = (await tree.read(file)).toString('utf8');
    if (target === '' || posix.isAbsolute(target)) return undefined;
    rest.push(...target.split('/').reverse());
  }
  return { path: here, links };
}
