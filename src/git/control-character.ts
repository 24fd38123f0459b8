// biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters
const CONTROL = /[\x00-\x1f\x7f]/g;

/** Whether text contains a control character of ASCII, which git refuses in names, and a terminal or a config file may interpret. */
export function hasControlCharacter(text: string): boolean {
  return text.search(CONTROL) >= 0;
}

/** Text with each control character of ASCII replaced. */
export function replaceControlCharacters(text: string, by: string): string {
  return text.replace(CONTROL, by);
}
