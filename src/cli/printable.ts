import { printable } from '../base/index.ts';

// Text from a daemon, a repository or a registry must not control the terminal that it is printed on (S-080).

const INVISIBLE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export { printable };

/** `printable`, for text that must stay on one line. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s+/g, (blanks) => (blanks.includes('\n') ? ' ' : blanks.replaceAll('\t', ' '))));
}

/** JSON with such characters escaped in strings. */
export function printableJson(json: string): string {
  return json.replace(INVISIBLE_IN_JSON, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
