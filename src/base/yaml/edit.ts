import { appendFlowPair, removeFlowPair } from './edit-flow.ts';
import { formatScalar } from './format-scalar.ts';
import type { YamlMapping, YamlNode, YamlPair, YamlScalar } from './node.ts';
import { afterBreak, colonAfter, endOf, endOfPair, lineAround, lineBreak } from './range.ts';
import type { TextEdit } from './text-edit.ts';

/*
 * Minimal edits: each is a splice of the text that leaves all other characters unchanged. They do not know their meaning; callers parse
 * the result again to verify it.
 */

/** A string, or a map of strings, as the value of a new key. */
export type NewValue = string | Readonly<Record<string, string>>;

/**
 * Sets the value of a pair to a string. Only the scalar's own characters change: quotes are kept if they can hold the new text, and so
 * is a comment after it. An alias is replaced with the text. Undefined if the value is a map or a list.
 */
export function replaceValue(
  text: string,
  { key, value }: YamlPair,
  to: string,
  { flow }: { flow: boolean },
): TextEdit[] | undefined {
  if (value.kind === 'alias') return [{ start: value.start, end: value.end, text: formatScalar(to, { flow }) }];
  if (value.kind !== 'scalar') return undefined;
  if (value.start < 0) {
    const colon = value.propertiesEnd >= 0 ? value.propertiesEnd : colonAfter(text, key);
    const at = colon ?? endOf(text, key);
    return [{ start: at, end: at, text: `${colon === undefined ? ':' : ''} ${formatScalar(to, { flow })}` }];
  }
  if (value.contentStart >= 0) return replaceBlock(text, value, to);
  const style = value.style === 'single' || value.style === 'double' ? value.style : 'plain';
  return [{ start: value.start, end: value.end, text: formatScalar(to, { style, flow }) }];
}

/** Replaces the header with the text, keeps a comment after it, and removes the lines of content. */
function replaceBlock(text: string, value: YamlScalar, to: string): TextEdit[] {
  const header = /^[|>][-+0-9]*/.exec(text.slice(value.start))?.[0] ?? '';
  const lineEnd = lineAround(text, value.start).end;
  const replace = { start: value.start, end: value.start + header.length, text: formatScalar(to) };
  const end = endOf(text, value);
  return end > lineEnd ? [replace, { start: lineEnd, end, text: '' }] : [replace];
}

/** Adds a pair at the end of a map, in the map's own style: block or flow, on several lines or one, quoted as in JSON or not. */
export function appendEntry(text: string, mapping: YamlMapping, key: string, value: NewValue, { step = 2 } = {}): TextEdit {
  const last = mapping.pairs.at(-1);
  if (mapping.flow) return appendFlowPair(text, mapping, key, value);
  const at = lineAround(text, last ? endOfPair(text, last) : mapping.start).end;
  const lines = blockLines(key, value, ' '.repeat(indentOf(text, mapping)), ' '.repeat(step));
  const eol = lineBreak(text, at);
  return { start: at, end: at, text: lines.map((line) => eol + line).join('') };
}

/** Replaces an empty value (nothing, `null`, `{}`, `[]`) of a block map's pair with a map. */
export function fillEmpty(
  text: string,
  { mapping, pair, step }: { readonly mapping: YamlMapping; readonly pair: YamlPair; readonly step: number },
  entries: readonly (readonly [string, string])[],
): TextEdit[] {
  const { value } = pair;
  const line = lineAround(text, endOfPair(text, pair));
  const pad = ' '.repeat(indentOf(text, mapping) + step);
  const lines = entries.map(([key, entry]) => lineBreak(text, line.end) + pad + pairText(key, entry));
  const insert = { start: line.end, end: line.end, text: lines.join('') };
  if (value.start < 0) return [insert];
  // Also removes the space before the old value.
  const start = text[value.start - 1] === ' ' ? value.start - 1 : value.start;
  return [{ start, end: endOf(text, value), text: '' }, insert];
}

/**
 * Removes a pair: in block style its lines and the comment after it, in flow style also one comma. The next pair takes the place of one
 * after a dash. Undefined if it shares its first line otherwise.
 */
export function removePair(text: string, mapping: YamlMapping, pair: YamlPair): TextEdit | undefined {
  const end = endOfPair(text, pair);
  if (mapping.flow) return removeFlowPair(text, mapping, pair);
  const first = lineAround(text, pair.key.start);
  const lead = text.slice(first.start, pair.key.start);
  if (/^[\s-]*- +$/.test(lead)) return removeAfterDash(text, mapping, pair, end);
  if (!/^\s*(?:\?\s+)?(?:[&!]\S*\s+)*$/.test(lead)) return undefined;
  const lastEnd = lineAround(text, end).end;
  if (lastEnd < text.length) return { start: first.start, end: afterBreak(text, lastEnd), text: '' };
  // If the last line of the file had no line break, the new last line gets none.
  const before = text.slice(0, first.start).replace(/\r\n$|[\r\n]$/, '');
  return { start: before.length, end: lastEnd, text: '' };
}

/** Undefined if the next pair is not on the next line. */
function removeAfterDash(text: string, { pairs }: YamlMapping, pair: YamlPair, end: number): TextEdit | undefined {
  const next = pairs[pairs.indexOf(pair) + 1]?.key;
  if (!next || next.propertiesEnd >= 0) return undefined;
  const between = text.slice(afterBreak(text, lineAround(text, end).end), next.start);
  return /^ *$/.test(between) ? { start: pair.key.start, end: next.start, text: '' } : undefined;
}

/** Replaces the value of a block map's pair, and the comments in it, with null. Undefined if no `:` follows the key. */
export function replaceWithNull(text: string, pair: YamlPair): TextEdit | undefined {
  const start = colonAfter(text, pair.key);
  return start === undefined ? undefined : { start, end: endOfPair(text, pair), text: ' null' };
}

/** Column of a block map's keys, counted from 0. */
export function indentOf(text: string, { start }: YamlMapping): number {
  return start - lineAround(text, start).start;
}

function blockLines(key: string, value: NewValue, pad: string, step: string): string[] {
  if (typeof value === 'string') return [pad + pairText(key, value)];
  return [`${pad}${formatScalar(key)}:`, ...Object.entries(value).map(([name, text]) => pad + step + pairText(name, text))];
}

function pairText(key: string, value: string): string {
  return `${formatScalar(key)}: ${formatScalar(value)}`;
}

/** Whether a value is empty: missing, null, or an empty map. */
export function isEmptyValue(node: YamlNode): boolean {
  if (node.kind === 'mapping') return node.pairs.length === 0;
  return node.kind === 'scalar' && node.style === 'plain' && /^(?:|~|null|Null|NULL)$/.test(node.text);
}
