/**
 * The whole table with FAULTS=all, as in `.ci/run`; else `count` rows spread over it, the first and the last among them (one row is
 * the first). What is left out is said.
 */
export function sampled<T>(what: string, table: readonly T[], count: number): readonly T[] {
  if (process.env.FAULTS === 'all' || count >= table.length) return table;
  console.log(`left out without FAULTS=all: ${table.length - count} of ${table.length} ${what}`);
  return Array.from({ length: count }, (_, n) => table[Math.round((n * (table.length - 1)) / Math.max(count - 1, 1))] as T);
}

/** Rounds of a property: `all` with FAULTS=all, as in `.ci/run`; else `few`. What is left out is said. */
export function rounds(what: string, all: number, few: number): number {
  return thorough(`${all - few} of ${all} ${what}`) ? all : few;
}

/** Whether to run tests that take long: with FAULTS=all, as in `.ci/run`. It is said when they are left out. */
export function thorough(what: string): boolean {
  if (process.env.FAULTS === 'all') return true;
  console.log(`left out without FAULTS=all: ${what}`);
  return false;
}
