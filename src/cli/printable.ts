// Text from a daemon, a repository or a registry must not control the terminal that it is printed on (S-080).

const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
/** Control characters but tabs and line ends, bidirectional controls and Unicode line separators. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
const INVISIBLE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Removes escape sequences, control characters and bidirectional controls; keeps line ends and tabs. */
export function printable(text: string): string {
  return text.replace(ESCAPES, '').replace(INVISIBLE, '');
}

/** The same, for text that must stay on one line. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s+/g, (blanks) => (blanks.includes('\n') ? ' ' : blanks.replaceAll('\t', ' '))));
}

/** JSON with such characters escaped in strings. */
export function printableJson(json: string): string {
  return json.replace(INVISIBLE_IN_JSON, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
