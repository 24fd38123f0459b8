import { resolvePlain } from './scalar.ts';

export type ScalarStyle = 'plain' | 'single' | 'double';

// Text for Kubernetes, but a number, a time or a special key for other YAML parsers: base 60, dates, numbers out of range.
const AMBIGUOUS = new RegExp(
  `^(?:${[
    '=|<<',
    '[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\\.[0-9_]*)?',
    '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \\t].*)?',
    '[-+]?(?:\\.[0-9][0-9_]*|[0-9][0-9_]*(?:\\.[0-9_]*)?)(?:e[-+]?[0-9]+)?',
    '[-+]?0(?:x[0-9a-f_]+|o[0-7_]+|b[01_]+)',
  ].join('|')})$`,
  'i',
);
const INDICATOR = /^[-?:](?:[\s,[\]{}]|$)|^[,[\]{}#&*!|>'"%@`]|^(?:---|\.\.\.)/;
// Control and format characters, lone surrogates and the like: invisible, or not allowed in YAML.
const INVISIBLE = /\p{C}|[\u2028\u2029]/u;
const INVISIBLE_ALL = /\p{C}|[\u2028\u2029]/gu;

/**
 * Formats a text as one line of YAML that every parser reads as the same text: in the wanted style if that can represent it, else in the
 * next safer one (plain, single quotes, double quotes). `flow` is for positions inside `{}` and `[]`.
 */
export function formatScalar(
  text: string,
  { style = 'plain', flow = false }: { style?: ScalarStyle; flow?: boolean } = {},
): string {
  if (style === 'double' || INVISIBLE.test(text)) return doubleQuoted(text);
  if (style === 'plain' && isPlainSafe(text, flow)) return text;
  return `'${text.replaceAll("'", "''")}'`;
}

function isPlainSafe(text: string, flow: boolean): boolean {
  if (text === '' || text !== text.trim() || INDICATOR.test(text) || AMBIGUOUS.test(text)) return false;
  if (text.includes(': ') || text.includes(' #') || text.endsWith(':')) return false;
  // In flow context go-yaml v2 also stops at `?`, and does not accept a leading `:`.
  if (flow && /[,[\]{}?]|^:/.test(text)) return false;
  return resolvePlain(text) === text;
}

/** JSON's escapes are valid in YAML except for surrogate pairs, so a character beyond U+FFFF gets one escape. */
function doubleQuoted(text: string): string {
  return JSON.stringify(text).replace(INVISIBLE_ALL, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
