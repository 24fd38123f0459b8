/** The sum of several counts. */
export function addCounts<K extends string>(all: readonly Readonly<Partial<Record<K, number>>>[]): Partial<Record<K, number>> {
  const sum: Partial<Record<K, number>> = {};
  for (const counts of all) {
    for (const key in counts) sum[key] = (sum[key] ?? 0) + (counts[key] ?? 0);
  }
  return sum;
}

/** How many of the items have each key; keys that no item has are absent. */
export function countBy<T, K extends string>(items: readonly T[], keyOf: (item: T) => K): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const item of items) {
    const key = keyOf(item);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
