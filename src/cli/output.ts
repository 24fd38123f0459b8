/** An output stream: a terminal, a pipe or a test's buffer. */
export interface Output {
  /** True for a terminal. */
  readonly isTTY?: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Width of the output in characters; undefined if unknown. A terminal without a size reports 0. */
export function widthOf({ columns }: Output): number | undefined {
  return columns === 0 ? undefined : columns;
}
