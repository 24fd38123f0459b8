/** The whole table with FAULTS=all, as in `.ci/run`; else `count` rows spread over it, the first and the last among them. */
export function sampled<T>(table: readonly T[], count: number): readonly T[] {
  if (process.env.FAULTS === 'all' || count >= table.length) return table;
  return Array.from({ length: count }, (_, n) => table[Math.round((n * (table.length - 1)) / (count - 1))] as T);
}
