import { formatScalar } from './format-scalar.ts';
import type { JsonValue } from './json.ts';
import { isJsonMap } from './json-map.ts';
import type { YamlMapping, YamlNode, YamlPair } from './node.ts';
import { endOf, endOfPair, lineAround, lineBreak } from './range.ts';
import type { TextEdit } from './text-edit.ts';

/** Adds a pair at the end of a map in flow style, quoted as its siblings are. */
export function appendFlowPair(text: string, mapping: YamlMapping, key: string, value: JsonValue): TextEdit {
  const last = mapping.pairs.at(-1);
  const style = flowStyle(text, last);
  const entry = `${scalar(key, style)}:${style.blank}${flowText(value, style)}`;
  if (!last) return { start: mapping.start + 1, end: mapping.start + 1, text: entry };
  return appended(text, last.key.start, endOfPair(text, last), style, entry);
}

/** Adds an item after the last one of a list in flow style, quoted as that is, or as the key of the list. */
export function appendFlowItem(text: string, last: YamlNode, pair: YamlPair, value: JsonValue): TextEdit {
  const style = flowStyle(text, last.kind === 'mapping' ? (last.pairs.at(-1) ?? pair) : pair);
  return appended(text, last.start, endOf(text, last), style, flowText(value, style));
}

/** Replaces a value in flow style, quoted as its key is. Undefined if nothing is there, or an alias. */
export function replaceInFlow(text: string, pair: YamlPair, value: JsonValue): TextEdit | undefined {
  const { kind, start } = pair.value;
  if (kind === 'alias' || start < 0) return undefined;
  return { start, end: endOf(text, pair.value), text: flowText(value, flowStyle(text, pair)) };
}

/** Removes a pair of a map in flow style, and one comma. Undefined if a tag or an anchor may be its own or that of the next. */
export function removeFlowPair(text: string, { pairs }: YamlMapping, pair: YamlPair): TextEdit | undefined {
  const index = pairs.indexOf(pair);
  const [before, after] = [pairs[index - 1], pairs[index + 1]];
  if ([pair, after].some((neighbour) => neighbour && neighbour.key.propertiesEnd >= 0)) return undefined;
  if (after) return { start: pair.key.start, end: after.key.start, text: '' };
  return { start: before ? endOfPair(text, before) : pair.key.start, end: endOfPair(text, pair), text: '' };
}

interface FlowStyle {
  readonly quotes: 'plain' | 'double';
  /** Empty in compact JSON. */
  readonly blank: '' | ' ';
}

function flowStyle(text: string, sibling: YamlPair | undefined): FlowStyle {
  if (sibling?.key.kind !== 'scalar' || sibling.key.style !== 'double') return { quotes: 'plain', blank: ' ' };
  return { quotes: 'double', blank: /^:\S/.test(text.slice(sibling.key.end, sibling.key.end + 2)) ? '' : ' ' };
}

/** After an entry that starts its line, the new one starts its line as well. */
function appended(text: string, start: number, end: number, { blank }: FlowStyle, entry: string): TextEdit {
  const lead = text.slice(lineAround(text, start).start, start);
  const separator = /^[ \t]+$/.test(lead) ? `,${lineBreak(text, start)}${lead}` : `,${blank}`;
  return { start: end, end, text: separator + entry };
}

function flowText(value: JsonValue, style: FlowStyle): string {
  const separator = `,${style.blank}`;
  if (typeof value === 'string') return scalar(value, style);
  if (Array.isArray(value)) return `[${value.map((item) => flowText(item, style)).join(separator)}]`;
  if (!isJsonMap(value)) return JSON.stringify(value);
  const entries = Object.entries(value);
  return `{${entries.map(([key, each]) => `${scalar(key, style)}:${style.blank}${flowText(each, style)}`).join(separator)}}`;
}

function scalar(text: string, { quotes }: FlowStyle): string {
  return formatScalar(text, { style: quotes, flow: true });
}
