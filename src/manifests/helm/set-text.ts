const INTEGER = /^(?:[+-]\d{1,19}|[1-9]\d{0,18})$/;
const QUOTES = ['"', "'"];
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/**
 * A file of values that sets one of them to a text, typed as by `--set` of Helm, or as it is; undefined if that has a syntax for such a
 * text. A number, a boolean and null are that; quotes around a text are removed, and keep it a text.
 */
export function setText(path: readonly string[], text: string, literal: boolean): string | undefined {
  const isQuoted = QUOTES.some((quote) => text.startsWith(quote) && text.endsWith(quote));
  const value = literal || !isQuoted ? text : withoutQuotes(text);
  if (!literal && /[,\\]|^\{/.test(value)) return undefined;
  const scalar = literal || isQuoted ? quoted(value) : typed(value);
  return `${path.reduceRight((inside, key) => `{${quoted(key)}: ${inside}}`, scalar)}\n`;
}

function withoutQuotes(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && QUOTES.includes(text.charAt(start))) start += 1;
  while (end > start && QUOTES.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function typed(text: string): string {
  const word = text.toLowerCase();
  if (WORDS.has(word)) return word;
  if (text === '0') return text;
  if (!INTEGER.test(text)) return quoted(text);
  const number = BigInt(text);
  return BigInt.asIntN(64, number) === number ? String(number) : quoted(text);
}

/** As JSON, which is YAML but for what YAML takes for line breaks, or refuses. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\ud7ff\ue000-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
