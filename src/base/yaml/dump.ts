import { trimEndOf } from '../trim-end.ts';
import { formatScalar } from './format-scalar.ts';
import { isJsonMap } from './json-map.ts';
import { isExactNumber } from './scalar.ts';

/** Always quoted in the canonical form. This must not change, since checksums in clusters depend on it. */
const QUOTED = /^(?:[-+.]?[0-9][0-9_:,.eE+\-xXoObBa-fA-F TtZz]*|=|<<|[-+]?\.(?:inf|nan))$/i;

/**
 * Writes JSON data as YAML in a canonical form: keys sorted, two spaces, lists not indented under their key, multi-line text as literal
 * blocks, no folding, no anchors. The same data always yields the same bytes, which Flux v1's checksum is computed from. Undefined
 * properties are omitted.
 */
export function dumpYaml(value: unknown): string {
  const out: string[] = [];
  writeNode(value, 0, '', out);
  return out.join('');
}

/** Appends the node after `lead` (nothing, `key:` or `-`), which is already on the line. */
function writeNode(value: unknown, indent: number, lead: '' | ':' | '-', out: string[]): void {
  if (Array.isArray(value) && value.length > 0) {
    writeList(value, lead === '-' ? indent + 2 : indent, lead, out);
    return;
  }
  if (isJsonMap(value)) {
    const keys = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort();
    if (keys.length > 0) {
      writeMap(value, keys, lead === '' ? indent : indent + 2, lead, out);
      return;
    }
  }
  out.push(lead === '' ? '' : ' ', formatValue(value, lead === '' ? indent : indent + 2), '\n');
}

function writeList(items: readonly unknown[], indent: number, lead: '' | ':' | '-', out: string[]): void {
  const pad = ' '.repeat(indent);
  if (lead === ':') out.push('\n');
  items.forEach((item, index) => {
    out.push(lead === '-' && index === 0 ? ' ' : pad, '-');
    writeNode(item, indent, '-', out);
  });
}

function writeMap(
  map: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  indent: number,
  lead: '' | ':' | '-',
  out: string[],
): void {
  const pad = ' '.repeat(indent);
  if (lead === ':') out.push('\n');
  keys.forEach((key, index) => {
    out.push(lead === '-' && index === 0 ? ' ' : pad, formatText(key), ':');
    writeNode(map[key], indent, ':', out);
  });
}

function formatValue(value: unknown, indent: number): string {
  if (value === null || value === undefined) return 'null';
  if (isExactNumber(value)) return value.rawJSON;
  if (typeof value === 'string') return literalBlock(value, indent) ?? formatText(value);
  if (typeof value === 'object') return Array.isArray(value) ? '[]' : '{}';
  return String(value);
}

function formatText(text: string): string {
  return formatScalar(text, { style: QUOTED.test(text) ? 'single' : 'plain' });
}

/** Undefined if a literal block cannot represent the text exactly. */
function literalBlock(text: string, indent: number): string | undefined {
  if (!text.includes('\n') || /^\s/.test(text)) return undefined;
  // A block scalar has no escapes.
  if (/[^\P{C}\n]|[\u2028\u2029]/u.test(text)) return undefined;
  const body = trimEndOf(text, '\n');
  const breaks = text.length - body.length;
  const pad = ' '.repeat(indent);
  const lines = body.split('\n').map((line) => (line === '' ? '' : pad + line));
  const header = breaks === 0 ? '|-' : breaks === 1 ? '|' : '|+';
  return `${header}\n${lines.join('\n')}${breaks > 1 ? '\n'.repeat(breaks - 1) : ''}`;
}
