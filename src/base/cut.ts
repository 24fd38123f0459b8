import { redact } from './redact.ts';

/** Limit of one external text (a server's error, a program's output) in logs, responses and records, in characters. */
export const MAX_TEXT = 2048;
/** The mark at the end of a truncated text. */
const CUT = /… \(\d+ more characters\)$/;

/** Truncates a text to 2 KiB, with the number of omitted characters. Redacts passwords first, since a cut could make them unrecognisable. */
export function cut(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const shown = redact(text.slice(0, 8 * MAX_TEXT)).slice(0, MAX_TEXT - 40);
  return `${shown.toWellFormed()}… (${text.length - shown.length} more characters)`;
}

/** Whether a text was truncated, so that its last word may be incomplete. */
export function isCut(text: string): boolean {
  return CUT.test(text.slice(-40));
}
