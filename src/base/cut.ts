import { redact } from './redact.ts';

/** The most of one text from outside (an error of a server, what a program printed) that goes into logs, answers and records, in characters. */
export const MAX_TEXT = 2048;
/** The sign at the end of a text that was cut. */
const CUT = /… \(\d+ more characters\)$/;

/** A text of at most 2 KiB; of a longer one its beginning, and how much was left out. Passwords go before the cut could hide what they are. */
export function cut(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const shown = redact(text.slice(0, 8 * MAX_TEXT)).slice(0, MAX_TEXT - 40);
  return `${shown.toWellFormed()}… (${text.length - shown.length} more characters)`;
}

/** Whether a text was cut: its last word may be the beginning of what it quotes. */
export function isCut(text: string): boolean {
  return CUT.test(text.slice(-40));
}
