import { findEntry, isJsonMap, type JsonValue, type YamlDocument, type YamlNode } from '../base/index.ts';

/** A value of a document that should be an object: the document itself, or an item of a List. */
export interface ObjectSource {
  readonly value: JsonValue;
  readonly node: YamlNode;
  /** Path from the document's value to this one. */
  readonly path: readonly (string | number)[];
  /** Counts from 1 over all items, including those of nested Lists; absent if the document is not a List. */
  readonly item?: number;
}

/** Limit of nested Lists; a deeper List is refused as an object without name. */
const MAX_LIST_DEPTH = 5;

/**
 * Splits a document into its objects: any kind that ends in `List` and has `items` is replaced by its items, as in Flux v1. An item
 * without apiVersion inherits that of a typed list such as `DeploymentList`, and one without kind also its kind, as in kubectl.
 */
export function* objectsOf(document: YamlDocument): Generator<ObjectSource> {
  if (!isList(document.value)) {
    yield { value: document.value, node: document.root, path: [] };
    return;
  }
  let item = 0;
  for (const source of itemsOf(document.value, document.root, [])) yield { ...source, item: ++item };
}

function* itemsOf(list: ListValue, node: YamlNode, path: ObjectSource['path']): Generator<ObjectSource> {
  const itemsNode = valueNode(node, 'items');
  for (const [index, item] of (list.items ?? []).entries()) {
    const value = typedBy(list, item);
    const itemNode = (itemsNode?.kind === 'sequence' ? itemsNode.items[index] : undefined) ?? node;
    const itemPath = [...path, 'items', index];
    if (isList(value) && itemPath.length < 2 * MAX_LIST_DEPTH) yield* itemsOf(value, itemNode, itemPath);
    else yield { value, node: itemNode, path: itemPath };
  }
}

/** The items of a plain `List` have their own types. */
function typedBy({ apiVersion, kind }: ListValue, item: JsonValue): JsonValue {
  const isTyped = typeof kind === 'string' && kind !== 'List' && typeof apiVersion === 'string';
  if (!isTyped || !isJsonMap(item) || given(item.apiVersion)) return item;
  return { ...item, apiVersion, kind: given(item.kind) ? (item.kind ?? null) : kind.slice(0, -'List'.length) };
}

function given(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}

interface ListValue {
  readonly [key: string]: JsonValue;
  readonly items: JsonValue[] | null;
}

function isList(value: JsonValue): value is ListValue & { [key: string]: JsonValue } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (typeof value.kind !== 'string' || !value.kind.endsWith('List') || !Object.hasOwn(value, 'items')) return false;
  return Array.isArray(value.items) || value.items === null;
}

function valueNode(node: YamlNode, key: string): YamlNode | undefined {
  const map = node.kind === 'alias' ? node.target : node;
  const value = map.kind === 'mapping' ? findEntry(map, key)?.pair.value : undefined;
  return value?.kind === 'alias' ? value.target : value;
}
