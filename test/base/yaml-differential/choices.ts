/** Decisions read off a list of bytes, so that fast-check can make, repeat and shrink them; 0, the simplest choice, when all are used up. */
export interface Choices {
  /** From 0 to below `count`, at most 256. */
  below(count: number): number;
  /** True once in `count` times. */
  rarely(count: number): boolean;
  pick<T>(list: readonly T[]): T;
  readonly exhausted: boolean;
  /** Names given so far. */
  readonly anchors: string[];
}

export function choicesFrom(bytes: Uint8Array): Choices {
  let at = 0;
  const below = (count: number) => (bytes[at++] ?? 0) % count;
  return {
    below,
    rarely: (count) => below(count) === count - 1,
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
    anchors: [],
    get exhausted() {
      return at >= bytes.length;
    },
  };
}
