/** A list with at least one entry. */
export type NonEmpty<T> = readonly [T, ...T[]];

export function isNonEmpty<T>(list: readonly T[]): list is NonEmpty<T> {
  return list.length > 0;
}

export function mapNonEmpty<T, R>([first, ...others]: NonEmpty<T>, change: (each: T) => R): [R, ...R[]] {
  return [change(first), ...others.map(change)];
}
