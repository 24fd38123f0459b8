import type { Cancellable } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import type { Tree } from '../units/tree.ts';
import type { ClearFiles } from './clear-files.ts';

/** Whether one of these files may have to be decrypted. They are read one after the other, and none is kept in memory. */
export async function anyMayBeEncrypted(
  files: readonly TreeFile[],
  tree: Pick<Tree, 'read'>,
  clearFiles: ClearFiles | undefined,
  { signal }: Cancellable,
): Promise<boolean> {
  if (!clearFiles) return false;
  for (const file of files) {
    signal?.throwIfAborted();
    if (clearFiles.mayBeEncrypted(file, await tree.read(file))) return true;
  }
  return false;
}
