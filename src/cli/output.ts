/** Where text goes; a terminal, a pipe or a test's buffer. */
export interface Output {
  /** True for a terminal. */
  readonly isTTY?: boolean;
  /** Characters that fit on a line of the terminal. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Characters that fit on a line; undefined when nobody knows. A terminal that was given no size says 0. */
export function widthOf({ columns }: Output): number | undefined {
  return columns === 0 ? undefined : columns;
}
