import { posix } from 'node:path';
import { FluxError } from '../base/index.ts';
import type { TreeFile } from '../repository/index.ts';

export const SYMLINK = '120000';
export const SUBMODULE = '160000';
const MAX_LINKS = 10;
/** PATH_MAX of Linux: a longer target cannot be a path. */
const MAX_TARGET_BYTES = 4096;

/**
 * The regular file that a link leads to, looked up among the files of the revision; or why it is refused. Nothing outside of the
 * repository can be read (S-007).
 */
export async function resolveLink(
  link: TreeFile,
  byPath: { get(path: string): TreeFile | undefined },
  readLink: (file: TreeFile) => Promise<string>,
): Promise<TreeFile | FluxError> {
  let file = link;
  for (let hops = 0; hops < MAX_LINKS; hops++) {
    if (file.size > MAX_TARGET_BYTES) return linkRefused(link.path, 'has a target that is too long for a path');
    const target = await readLink(file);
    const path = posix.normalize(posix.join(posix.dirname(file.path), target));
    if (target.startsWith('/') || path === '..' || path.startsWith('../'))
      return linkRefused(link.path, 'points outside the repository');
    const found = byPath.get(path);
    if (!found) return linkRefused(link.path, 'points to a directory, or to a file that does not exist or is not read');
    if (found.mode === SUBMODULE) return linkRefused(link.path, 'points to a submodule');
    if (found.mode !== SYMLINK) return found;
    file = found;
  }
  return linkRefused(link.path, `leads through more than ${MAX_LINKS} links`);
}

function linkRefused(path: string, why: string): FluxError {
  return new FluxError(`symbolic link ${path} ${why}`, {
    code: 'manifests/symlink-refused',
    fault: 'user',
    help: 'The link is not followed. Replace it with a copy of the file, or point it to a file in this repository below the --git-path.',
  });
}
