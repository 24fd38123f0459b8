import { printableLine } from './printable.ts';

/**
 * Formats rows as Go's tabwriter does for Flux v1: every column but the last is as wide as its longest cell plus two spaces. Nothing
 * is trimmed, so a row with an empty last cell ends in spaces. Unprintable characters of remote text are removed.
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(printableLine));
  const widths: number[] = [];
  for (const row of clean) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, lengthOf(cell) + 2);
  }
  return clean
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell + blanks((widths[column] ?? 0) - lengthOf(cell)),
      );
      return `${cells.join('')}\n`;
    })
    .join('');
}

/** Width in characters, not UTF-16 code units. */
function lengthOf(text: string): number {
  return [...text].length;
}

function blanks(count: number): string {
  return ' '.repeat(count);
}
