import {
  colonAfter,
  formatScalar,
  replaceValue,
  type TextEdit,
  type YamlAlias,
  type YamlNode,
  type YamlPair,
  type YamlScalar,
} from '../base/index.ts';

/** A pair of a map, and its new value. */
export interface PairChange {
  readonly pair: YamlPair;
  /** Whether the map is in brackets. */
  readonly flow: boolean;
  readonly value: string;
}

/**
 * Edits for changing some of the places that share a value through an anchor. If all get the same value, the anchored one is changed.
 * Otherwise each changed place gets its own value, and the anchor moves to the first unchanged place.
 * @returns undefined if the text does not allow such edits.
 */
export function editAnchored(
  text: string,
  root: YamlNode,
  anchored: YamlNode,
  changes: readonly PairChange[],
): TextEdit[] | undefined {
  if (anchored.kind !== 'scalar') return undefined;
  const own = changes.find(({ pair }) => pair.value === anchored);
  const aliases = aliasesOf(root, anchored);
  const changed = new Set<YamlNode>(changes.map(({ pair }) => pair.value));
  const stays = aliases.find(({ alias }) => !changed.has(alias));
  if (own && !stays && changes.every(({ value }) => value === own.value)) return replaceValue(text, own.pair, own.value, own);
  const moved = own && stays ? moveAnchor(text, own.pair, anchored, stays) : [];
  const replaced = changes.map(({ pair, flow, value }) => replaceValue(text, pair, value, { flow }));
  return moved && replaced.every((edits) => edits !== undefined) ? [...moved, ...replaced.flat()] : undefined;
}

interface AliasPlace {
  readonly alias: YamlAlias;
  /** Whether it is in brackets. */
  readonly flow: boolean;
}

/** Aliases in the order of the text. */
function aliasesOf(node: YamlNode, target: YamlNode, flow = false): AliasPlace[] {
  if (node.kind === 'alias') return node.target === target ? [{ alias: node, flow }] : [];
  if (node.kind === 'scalar') return [];
  const children = node.kind === 'sequence' ? node.items : node.pairs.flatMap(({ key, value }) => [key, value]);
  return children.flatMap((child) => aliasesOf(child, target, node.flow));
}

/** Removes the anchor from the pair's value, and replaces the alias with the old value, its tag and the anchor. */
function moveAnchor(text: string, { key }: YamlPair, value: YamlScalar, { alias, flow }: AliasPlace): TextEdit[] | undefined {
  const start = value.start < 0 ? value.propertiesEnd : value.start;
  const behindKey = colonAfter(text, key);
  if (behindKey === undefined) return undefined;
  const lead = text.slice(behindKey, start);
  const [, blanks = '', properties = ''] = /^(\s*)((?:[&!]\S*[ \t]*)+)$/.exec(lead) ?? [];
  const anchor = /&\S+[ \t]*/.exec(properties);
  const written = value.start < 0 ? '' : text.slice(value.start, value.end);
  const fits =
    value.contentStart < 0 &&
    !/[\r\n]/.test(written) &&
    !(flow && value.style === 'plain' && formatScalar(value.text, { flow }) !== formatScalar(value.text));
  if (!anchor || !fits) return undefined;
  const at = behindKey + blanks.length + anchor.index;
  return [
    { start: at, end: at + anchor[0].length, text: '' },
    { start: alias.start, end: alias.end, text: `${properties}${written}` },
  ];
}
