/** Replaces the characters of `[start, end)` with `text`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = text;
  for (const { start, end, text: part } of [...edits].sort((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + part + result.slice(end);
  }
  return result;
}
