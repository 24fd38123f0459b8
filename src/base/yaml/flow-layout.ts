import { type FlowRegion, FlowScanner } from './flow-scanner.ts';

/*
 * Kubernetes ignores indentation and tabs inside brackets and quotes; js-yaml follows YAML 1.2, where lines in them must be indented
 * deeper than their parent. Here the closing bracket is not:
 *
 *     args: [
 *       "-v",
 *     ]
 *
 * So such lines are indented before parsing, and offsets are mapped back to the original text.
 */

/** A text only for the parser. */
export interface LaidOutText {
  readonly text: string;
  /** Maps an offset in this text to the original text. */
  readonly originalOffset: (offset: number) => number;
  /** The brackets and quotes with changes inside, by offsets in the original; outside them only spaces changed. */
  readonly regions: readonly FlowRegion[];
}

/** Undefined if no change is needed. Linear in the length of the text. */
export function layOutFlow(text: string): LaidOutText | undefined {
  const scanner = new FlowScanner(text);
  scanner.scan();
  const { regions } = scanner;
  const changes = scanner.changes.sort((a, b) => a.at - b.at);
  if (changes.length === 0 || scanner.needsTooMuch) return undefined;
  const parts: string[] = [];
  /** Ends of insertions in the new text, and the difference to the original from there on. */
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
