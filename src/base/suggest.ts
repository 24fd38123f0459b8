/** The most likely candidate for a mistyped word, or undefined if none is close. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const near = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.min(candidate.length, word.length) / 3)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
}

/** Edit distance by letters added, omitted, replaced or swapped; long words are truncated. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, 100);
  let before: readonly number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === right[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === right[j - 2] && a[i - 2] === right[j - 1];
      const options = [replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, ...(swapped ? [(before[j - 2] ?? 0) + 1] : [])];
      next.push(Math.min(...options));
    }
    before = row;
    row = next;
  }
  return row[right.length] ?? 0;
}
