import { YamlFault } from './fault.ts';
import type { JsonValue } from './json.ts';
import { MAX_NOTICES } from './limits.ts';
import type { YamlMapping, YamlNode, YamlScalar } from './node.ts';
import { isExactNumber, NOT_JSON, resolvePlain, resolveTagged } from './scalar.ts';

/** A warning about a valid document. */
export interface YamlNotice {
  readonly message: string;
  /** The key concerned. */
  readonly key: string;
  readonly offset: number;
}

/** The value of a node as JSON, with merge keys and aliases expanded (copied, so that no object is shared). @throws YamlFault */
export function jsonFromNode(node: YamlNode, notices: YamlNotice[]): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return scalarValue(node);
    case 'alias':
      return jsonFromNode(node.target, []);
    case 'sequence':
      return node.items.map((item) => jsonFromNode(item, notices));
    case 'mapping': {
      const object: { [key: string]: JsonValue } = {};
      fill(object, node, notices, new Set());
      return object;
    }
  }
}

/** Undefined for a merge key, else the key in its JSON form. @throws YamlFault */
export function keyText(node: YamlNode): string | undefined {
  const key = node.kind === 'alias' ? node.target : node;
  if (key.kind !== 'scalar') throw new YamlFault('yaml/bad-key', 'a key is a map or a list, not text', node.start);
  if (node.kind === 'scalar' && isMerge(node)) return undefined;
  const value = resolveScalar(key);
  if (typeof value === 'string') return value;
  if (value === null) throw new YamlFault('yaml/bad-key', 'a key is null', node.start);
  if (value === NOT_JSON) return /nan/i.test(key.text) ? '.nan' : key.text.startsWith('-') ? '-.inf' : '.inf';
  if (isExactNumber(value) && BigInt(value.rawJSON) >= 2n ** 63n)
    throw new YamlFault('yaml/bad-key', 'a key is a number that is too large, put it in quotes', node.start);
  if (typeof value !== 'number' || /^[-+]?(?:0[xXoObB][0-9a-fA-F_]+|[0-9_]+)$/.test(key.text)) return spelled(value);
  return shortFloat(value);
}

function spelled(value: JsonValue): string {
  return isExactNumber(value) ? value.rawJSON : String(value);
}

/**
 * Sets the pairs of a mapping in order. As in go-yaml v2, the last of equal keys wins, and a merge overrides the keys *before* it.
 */
function fill(object: { [key: string]: JsonValue }, node: YamlMapping, notices: YamlNotice[], seen: Set<string>): void {
  for (const { key: keyNode, value } of node.pairs) {
    const key = keyText(keyNode);
    if (key === undefined) {
      for (const source of mergeSources(value)) {
        // A map behind an alias has its notices where it is written.
        const within = isWrittenIn(value, source) ? notices : [];
        merge(object, source, { notices, within, seen, offset: keyNode.start });
      }
      continue;
    }
    if (key === '__proto__') throw new YamlFault('yaml/bad-key', 'the key __proto__ is not allowed', keyNode.start);
    if (seen.has(key) && notices.length < MAX_NOTICES)
      notices.push({ key, offset: keyNode.start, message: `key ${JSON.stringify(key)} is given twice; the last one applies` });
    seen.add(key);
    object[key] = jsonFromNode(value, notices);
  }
}

function merge(
  object: { [key: string]: JsonValue },
  source: YamlMapping,
  {
    notices,
    within,
    seen,
    offset,
  }: {
    readonly notices: YamlNotice[];
    /** Notices about the map itself. */
    readonly within: YamlNotice[];
    readonly seen: ReadonlySet<string>;
    readonly offset: number;
  },
): void {
  const brought: { [key: string]: JsonValue } = {};
  fill(brought, source, within, new Set());
  for (const [key, value] of Object.entries(brought)) {
    if (seen.has(key) && notices.length < MAX_NOTICES)
      notices.push({ key, offset, message: `key ${JSON.stringify(key)} is overridden by the merge key after it` });
    object[key] = value;
  }
}

/** The maps of `<<`, in the order in which they override each other: the first of a list wins. */
export function mergeSources(node: YamlNode): YamlMapping[] {
  const value = node.kind === 'alias' ? node.target : node;
  if (value.kind === 'mapping') return [value];
  if (node.kind === 'sequence') {
    const maps = node.items.map((item) => (item.kind === 'alias' ? item.target : item));
    if (maps.every((map) => map.kind === 'mapping')) return maps.reverse();
  }
  throw new YamlFault('yaml/bad-merge', 'a merge key << needs a map or a list of maps', node.start);
}

function isWrittenIn(value: YamlNode, source: YamlMapping): boolean {
  return value === source || (value.kind === 'sequence' && value.items.includes(source));
}

function isMerge(key: YamlScalar): boolean {
  return key.text === '<<' && (key.tag === undefined ? key.style === 'plain' : key.tag === 'merge' || key.tag === '!');
}

function scalarValue(node: YamlScalar): JsonValue {
  const value = resolveScalar(node);
  if (value === NOT_JSON) throw new YamlFault('yaml/bad-value', 'a number is infinite or not a number', node.start);
  return value;
}

function resolveScalar(node: YamlScalar): JsonValue | typeof NOT_JSON {
  if (node.tag === undefined) return node.style === 'plain' ? resolvePlain(node.text) : node.text;
  const value = resolveTagged(node.tag, node.text);
  if (value === undefined) throw new YamlFault('yaml/bad-value', `a value does not fit its tag !!${node.tag}`, node.start);
  return value;
}

/** Go formats a float key with 32 bits of precision, and with an exponent like C's %g. */
function shortFloat(value: number): string {
  const exact = Math.fround(value);
  if (!Number.isFinite(exact)) return exact < 0 ? '-.inf' : '.inf';
  const shortest = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    .map((digits) => exact.toExponential(digits))
    .find((text) => Math.fround(Number(text)) === exact);
  const [mantissa = '', exponent = ''] = (shortest ?? String(exact)).split('e');
  if (Number(exponent) >= -4 && Number(exponent) < 6) return String(Number(shortest));
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}
