import { FluxError } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { decodeText } from '../decode.ts';
import { isRegular } from '../regular-file.ts';
import type { Tree } from '../units/tree.ts';

/** The file of patches that fluxd writes, where no config file names another. */
export const PATCH_FILE = 'flux-patch.yaml';

/** The largest patch file that is read, in bytes. */
const MAX_BYTES = 4 << 20;

/** The text of a patch file. @throws FluxError `generation/bad-patch-file`, or as `decodeText` does */
export async function readPatchText(file: TreeFile, tree: Pick<Tree, 'read'>): Promise<string> {
  if (!isRegular(file)) throw badPatchFile(file.path, 'it is a link or a submodule, not a file');
  if (file.size > MAX_BYTES) throw badPatchFile(file.path, `it has more than ${MAX_BYTES >> 20} MiB`);
  return decodeText(await tree.read(file));
}

export function badPatchFile(path: string, why: string): FluxError {
  return new FluxError(`patch file ${JSON.stringify(path.slice(0, 200))}: ${why}`, {
    code: 'generation/bad-patch-file',
    fault: 'user',
    help: 'Correct the file, or the `patchFile` that names it. The objects of this unit stay as they are, and nothing is deleted, until then.',
  });
}
