const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
/** Control characters but tabs and line ends, bidirectional controls and Unicode line separators. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Text without escape sequences, control characters and bidirectional controls; line ends and tabs stay (S-080). */
export function printable(text: string): string {
  return text.replace(ESCAPES, '').replace(INVISIBLE, '');
}
