import { type Cancellable, yieldTurn } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';

/** Files that are compared in one turn of the event loop, 1 to 2 ms. */
const TURN = 2_000;

/** The files that one of two revisions lacks, or has with other content, each as the one that has it has it: the later one of both. */
export async function changedPaths(
  before: readonly TreeFile[],
  after: readonly TreeFile[],
  { signal }: Cancellable,
): Promise<ReadonlyMap<string, TreeFile>> {
  const changed = new Map<string, TreeFile>();
  let left = TURN;
  const pause = async () => {
    left -= 1;
    if (left > 0) return;
    left = TURN;
    await yieldTurn(signal);
  };
  for (const file of before) {
    await pause();
    if (!file.undecodable) changed.set(file.path, file);
  }
  for (const file of after) {
    await pause();
    if (file.undecodable) continue;
    const other = changed.get(file.path);
    if (other?.blob === file.blob && other.mode === file.mode) changed.delete(file.path);
    else changed.set(file.path, file);
  }
  return changed;
}
