/** An unchanged (` `), removed (`-`) or added (`+`) line. */
export type MarkedLine = readonly [sign: ' ' | '-' | '+', line: string];

/** Number of unchanged lines shown around a change. */
const CONTEXT = 2;
/** Above this many pairs of lines the middle is shown as removed and added, without searching for a shortest script. */
const MAX_CELLS = 4_000_000;

/**
 * A shortest line diff between two texts, with some context around each change; omitted lines are shown as `…`. It takes time in
 * proportion to the pairs of lines that differ, up to `maxCells`.
 */
export function diffLines(from: readonly string[], to: readonly string[], maxCells = MAX_CELLS): readonly MarkedLine[] {
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start += 1;
  let end = 0;
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end)) end += 1;
  const stay = (lines: readonly string[]) => lines.map((line): MarkedLine => [' ', line]);
  return abridged([
    // One more line than is shown, which becomes the `…` of omitted lines.
    ...stay(from.slice(Math.max(0, start - CONTEXT - 1), start)),
    ...middle(from.slice(start, from.length - end), to.slice(start, to.length - end), maxCells),
    ...stay(from.slice(from.length - end, from.length - end + CONTEXT + 1)),
  ]);
}

/** Based on the lengths of the longest common subsequences of all suffixes. */
function middle(from: readonly string[], to: readonly string[], maxCells: number): readonly MarkedLine[] {
  if (from.length * to.length > maxCells)
    return [...from.map((line): MarkedLine => ['-', line]), ...to.map((line): MarkedLine => ['+', line])];
  const width = to.length + 1;
  const common = new Uint32Array((from.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = from.length - 1; i >= 0; i -= 1)
    for (let j = to.length - 1; j >= 0; j -= 1)
      common[i * width + j] = from[i] === to[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const script: MarkedLine[] = [];
  for (let i = 0, j = 0; i < from.length || j < to.length; ) {
    const [old = '', next = ''] = [from[i], to[j]];
    if (i < from.length && j < to.length && old === next) {
      script.push([' ', old]);
      i += 1;
      j += 1;
    } else if (i < from.length && (j === to.length || at(i + 1, j) >= at(i, j + 1))) {
      script.push(['-', old]);
      i += 1;
    } else {
      script.push(['+', next]);
      j += 1;
    }
  }
  return script;
}

function abridged(script: readonly MarkedLine[]): readonly MarkedLine[] {
  const near = new Set<number>();
  for (const [index, [sign]] of script.entries())
    if (sign !== ' ') for (let n = index - CONTEXT; n <= index + CONTEXT; n += 1) near.add(n);
  return script.flatMap((line, index): MarkedLine[] =>
    near.has(index) ? [line] : near.has(index - 1) || index === 0 ? [[' ', '…']] : [],
  );
}
