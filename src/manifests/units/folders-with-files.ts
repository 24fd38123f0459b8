import type { TreeFile } from '../../repository/index.ts';
import type { Pace } from './pace.ts';

/** A folder that is looked for. */
interface Wanted {
  readonly folder: string;
  /** What the paths below it begin with. */
  readonly prefix: string;
  /** The nearest one around it that is looked for, too. */
  readonly around: Wanted | undefined;
}

/**
 * Which of some folders have a file that is included, in themselves or below; a file is found by its own path, too. Each file is looked
 * at once, however many folders there are.
 */
export async function foldersWithFiles(
  folders: readonly string[],
  files: readonly TreeFile[],
  includes: (path: string) => boolean,
  pace: Pace,
): Promise<ReadonlySet<string>> {
  const sorted = inOrder(folders);
  const found = new Set<string>();
  for (const { path } of files) {
    await pace.beforeName(path);
    const nearest = nearestAround(`${path}/`, sorted);
    if (nearest === undefined || found.has(nearest.folder) || !includes(path)) continue;
    // Those around one that was found were found with it.
    for (let each: Wanted | undefined = nearest; each && !found.has(each.folder); each = each.around) found.add(each.folder);
    if (found.size === sorted.length) break;
  }
  return found;
}

/** By their prefixes, so that a folder comes right before all that is below it. */
function inOrder(folders: readonly string[]): readonly Wanted[] {
  const sorted: Wanted[] = [];
  const prefixes = new Map(folders.map((folder) => [folder === '' ? '' : `${folder}/`, folder]));
  for (const [prefix, folder] of [...prefixes].sort(([a], [b]) => (a < b ? -1 : 1)))
    sorted.push({ folder, prefix, around: enclosing(prefix, sorted.at(-1)) });
  return sorted;
}

/** The last one before a path in the order, or one around that: all that are around the path are. */
function nearestAround(path: string, sorted: readonly Wanted[]): Wanted | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.prefix ?? '') <= path) low = middle + 1;
    else high = middle;
  }
  return enclosing(path, sorted[low - 1]);
}

function enclosing(path: string, from: Wanted | undefined): Wanted | undefined {
  let each = from;
  while (each && !path.startsWith(each.prefix)) each = each.around;
  return each;
}
