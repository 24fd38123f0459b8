import { type FlowRegion, FlowScanner } from './flow-scanner.ts';

/*
 * Kubernetes minds no indentation inside of brackets and quotes, and no tabs there; js-yaml keeps to YAML 1.2, where lines in them
 * stand deeper than what they belong to, as here the closing bracket does not:
 *
 *     args: [
 *       "-v",
 *     ]
 *
 * So such lines are indented before they are parsed, and offsets are led back to the text as it is.
 */

/** A text for the parser alone. */
export interface LaidOutText {
  readonly text: string;
  /** Leads an offset in this text to the same place in the text it was made from. */
  readonly originalOffset: (offset: number) => number;
  /** The brackets and quotes that were changed inside, by their offsets in the original; outside of them only blanks were. */
  readonly regions: readonly FlowRegion[];
}

/** Undefined when there is nothing to change. Linear in the length of the text. */
export function layOutFlow(text: string): LaidOutText | undefined {
  const scanner = new FlowScanner(text);
  scanner.scan();
  const { regions } = scanner;
  const changes = scanner.changes.sort((a, b) => a.at - b.at);
  if (changes.length === 0 || scanner.needsTooMuch) return undefined;
  const parts: string[] = [];
  /** Where inserted spaces end in the new text, and by how much it is ahead of the original from there on. */
  const shifts: { readonly at: number; readonly by: number }[] = [];
  let copied = 0;
  let by = 0;
  for (const { at, length, text: instead } of changes) {
    parts.push(text.slice(copied, at), instead);
    copied = at + length;
    if (instead.length === length) continue;
    by += instead.length - length;
    shifts.push({ at: at + by, by });
  }
  parts.push(text.slice(copied));
  return { text: parts.join(''), originalOffset: (offset) => offset - shiftAt(shifts, offset), regions };
}

function shiftAt(shifts: readonly { readonly at: number; readonly by: number }[], offset: number): number {
  let low = 0;
  let high = shifts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shifts[middle]?.at ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return shifts[low - 1]?.by ?? 0;
}
