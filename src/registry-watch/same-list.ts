/** Whether two lists have the same tags in the same order. */
export function isSameList(one: readonly string[], other: readonly string[]): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((tag, index) => tag === other[index]);
}
