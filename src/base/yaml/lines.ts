/** A position in a text as editors show it; both count from 1, columns in UTF-16 code units. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Maps offsets to line and column in a text whose first line has the given number. Lines end in LF, CRLF or CR. */
export function createLineIndex(text: string, firstLine = 1): (offset: number) => TextPosition {
  // Scanned lazily: most callers need only the first line of a document.
  const starts = [0];
  let scanned = 0;
  return (offset) => {
    for (; scanned < offset && scanned < text.length; scanned++) {
      const char = text.charCodeAt(scanned);
      if (char === 10 || (char === 13 && text.charCodeAt(scanned + 1) !== 10)) starts.push(scanned + 1);
    }
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: firstLine + low, column: Math.max(0, offset - (starts[low] ?? 0)) + 1 };
  };
}

/** Number of line breaks in a text. */
export function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  for (let at = text.indexOf('\r'); at >= 0; at = text.indexOf('\r', at + 1)) if (text[at + 1] !== '\n') count++;
  return count;
}
