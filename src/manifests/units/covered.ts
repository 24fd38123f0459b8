/** Whether a path is one of the folders, or below one; the empty one is the root. */
export function coveredBy(folders: ReadonlySet<string>): (path: string) => boolean {
  if (folders.has('')) return () => true;
  const outermost: string[] = [];
  // In this order, a folder comes right before all that is below it.
  for (const folder of Array.from(folders, (each) => `${each}/`).sort())
    if (!folder.startsWith(outermost.at(-1) ?? '/')) outermost.push(folder);
  const isIn = (folder: string) => {
    const below = `${folder}/`;
    let [low, high] = [0, outermost.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((outermost[middle] ?? '') <= below) low = middle + 1;
      else high = middle;
    }
    const before = outermost[low - 1];
    return before !== undefined && below.startsWith(before);
  };
  // Most files have the folder of the one before.
  let last = { folder: '', covered: isIn('') };
  return (path) => {
    if (folders.has(path)) return true;
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (folder !== last.folder) last = { folder, covered: isIn(folder) };
    return last.covered;
  };
}
