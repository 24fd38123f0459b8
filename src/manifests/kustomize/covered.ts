/** Whether a path is one of the folders, or below one; the empty one is the root. */
export function coveredBy(folders: ReadonlySet<string>): (path: string) => boolean {
  if (folders.has('')) return () => true;
  const outermost: string[] = [];
  // In this order, a folder comes right before all that is below it.
  for (const folder of Array.from(folders, (each) => `${each}/`).sort())
    if (!folder.startsWith(outermost.at(-1) ?? '/')) outermost.push(folder);
  return (path) => {
    const below = `${path}/`;
    let [low, high] = [0, outermost.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((outermost[middle] ?? '') <= below) low = middle + 1;
      else high = middle;
    }
    return below.startsWith(outermost[low - 1] ?? '/');
  };
}
