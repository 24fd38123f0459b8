import { isDeepStrictEqual } from 'node:util';
import {
  appendEntry,
  appendFlowItem,
  appendFlowPair,
  dumpYaml,
  fillEmpty,
  findEntry,
  indentOf,
  isJsonMap,
  type JsonValue,
  replaceInFlow,
  replaceWithNull,
  type TextEdit,
  type YamlMapping,
  type YamlNode,
  type YamlPair,
  type YamlSequence,
} from '../../base/index.ts';

/**
 * The edits that add to a document what a value has beside the old one: new keys of maps, new items at the end of lists, of which
 * `null` is an empty one, and `null` in the place of a value. Undefined if anything else differs, or if the layout does not allow it.
 * The caller parses the result to verify it.
 */
export function addToText(text: string, node: YamlNode, from: JsonValue, to: JsonValue): readonly TextEdit[] | undefined {
  if (isDeepStrictEqual(from, to)) return [];
  if (node.kind !== 'mapping' || node.shared || !isJsonMap(from) || !isJsonMap(to)) return undefined;
  const edits: TextEdit[] = [];
  // Deeper additions come first, since both may be at the end of one line.
  for (const [key, value] of Object.entries(to)) {
    if (!Object.hasOwn(from, key)) continue;
    const [entry, before] = [findEntry(node, key), from[key] ?? null];
    if (isDeepStrictEqual(before, value)) continue;
    if (!entry || entry.merged) return undefined;
    const list = before ?? [];
    const inside =
      value === null
        ? removal(text, node, entry.pair)
        : Array.isArray(list) && Array.isArray(value)
          ? addItems(text, { parent: node, pair: entry.pair }, list, value)
          : addToText(text, entry.pair.value, before, value);
    if (!inside) return undefined;
    edits.push(...inside);
  }
  const added = Object.entries(to).filter(([key]) => !Object.hasOwn(from, key));
  const entries = added.map(([key, value]) => newEntry(text, node, key, value));
  if (entries.includes(undefined)) return undefined;
  return joined([...edits, ...entries.filter((entry) => entry !== undefined)]);
}

function removal(text: string, { flow }: YamlMapping, pair: YamlPair): readonly TextEdit[] | undefined {
  const edit = flow ? replaceInFlow(text, pair, null) : replaceWithNull(text, pair);
  return edit && [edit];
}

function newEntry(text: string, mapping: YamlMapping, key: string, value: JsonValue): TextEdit | undefined {
  if (mapping.flow) return appendFlowPair(text, mapping, key, value);
  const lines = dumpYaml({ [key]: value });
  const block = Array.isArray(value) ? lines.replaceAll(/\n(?=.)/g, `\n${' '.repeat(listIndent(text, mapping))}`) : lines;
  return blockLines(appendEntry(text, mapping, key, ''), block, indentOf(text, mapping));
}

/** How far the lists of a map are indented from its keys, by the first of them. */
function listIndent(text: string, mapping: YamlMapping): number {
  for (const { value } of mapping.pairs) {
    const indent = value.kind === 'sequence' && !value.flow ? itemIndent(text, value) : undefined;
    if (indent !== undefined) return Math.max(0, indent - indentOf(text, mapping));
  }
  return 0;
}

/** The column of the dashes of a list whose items are on lines of their own. */
function itemIndent(text: string, { items: [first] }: YamlSequence): number | undefined {
  return first && /(?:^|[\r\n])( *)-\s+$/.exec(text.slice(0, first.start))?.[1]?.length;
}

function addItems(
  text: string,
  { parent, pair }: { readonly parent: YamlMapping; readonly pair: YamlPair },
  from: readonly JsonValue[],
  to: readonly JsonValue[],
): readonly TextEdit[] | undefined {
  const list = pair.value;
  if (list.shared) return undefined;
  if (from.length === 0) return fillList(text, { parent, pair }, to);
  if (list.kind !== 'sequence') return undefined;
  const edits: TextEdit[] = [];
  for (const [index, before] of from.entries()) {
    const item = list.items[index];
    const inside = item && addToText(text, item, before, to[index] ?? null);
    if (!inside) return undefined;
    edits.push(...inside);
  }
  const added = to.slice(from.length);
  const last = list.items.at(-1);
  if (added.length === 0 || !last) return edits;
  if (list.flow) return [...edits, ...added.map((item) => appendFlowItem(text, last, pair, item))];
  const indent = itemIndent(text, list);
  if (indent === undefined) return undefined;
  // The end of the list is that of a map whose last pair it is.
  const until = { ...parent, pairs: parent.pairs.slice(0, parent.pairs.indexOf(pair) + 1) };
  return [...edits, blockLines(appendEntry(text, until, '-', ''), dumpYaml(added), indent)];
}

/** The items of a list that is empty or missing. */
function fillList(
  text: string,
  { parent, pair }: { readonly parent: YamlMapping; readonly pair: YamlPair },
  items: readonly JsonValue[],
): readonly TextEdit[] | undefined {
  if (parent.flow) {
    const edit = replaceInFlow(text, pair, [...items]);
    return edit && [edit];
  }
  if (pair.value.kind === 'alias') return undefined;
  const indent = indentOf(text, parent) + listIndent(text, parent);
  return fillEmpty(text, { mapping: parent, pair, step: 0 }, [['-', '']]).map((edit) =>
    edit.text === '' ? edit : blockLines(edit, dumpYaml(items), indent),
  );
}

/** Lines in block style where another entry was to be put, with its line break. */
function blockLines({ start, end, text }: TextEdit, block: string, indent: number): TextEdit {
  const eol = /^(?:\r\n|\r|\n)/.exec(text)?.[0] ?? '\n';
  const lines = block.replace(/\n$/, '').split('\n');
  return { start, end, text: lines.map((line) => eol + (line === '' ? '' : ' '.repeat(indent) + line)).join('') };
}

/** Insertions at one place become one, in their order. */
function joined(edits: readonly TextEdit[]): readonly TextEdit[] {
  const places = new Map<number, TextEdit>();
  for (const edit of edits) places.set(edit.start, { ...edit, text: (places.get(edit.start)?.text ?? '') + edit.text });
  return [...places.values()];
}
