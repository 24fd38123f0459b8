import { FluxError } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { isRegular } from '../regular-file.ts';
import { resolveLink, SYMLINK } from '../resolve-link.ts';
import type { Tree } from '../units/tree.ts';
import { refusedChart } from './refused.ts';

/** The regular file at a place, or that a link there leads to. @throws FluxError `helm/refused`, or why a link is refused */
export async function followed(tree: Tree, listed: TreeFile): Promise<TreeFile> {
  const found = listed.mode === SYMLINK ? await resolveLink(listed, tree, async (link) => `${await tree.read(link)}`) : listed;
  if (found instanceof FluxError) throw found;
  if (!isRegular(found)) throw refusedChart(`${listed.path} is not a regular file`);
  return found;
}
