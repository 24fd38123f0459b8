import { isDeepStrictEqual } from 'node:util';
import { isJsonMap, type JsonMap, type JsonValue } from '../../base/index.ts';
import { put } from './strategic-diff.ts';

const ORDER = '$setElementOrder/';

/** A patch for kustomize: instead of the order of a list, it names the items before the last changed one, which stay where they are then. */
export function withNamedOrder(patch: JsonMap): JsonMap {
  const named: JsonMap = {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(ORDER)) continue;
    const order = patch[ORDER + key];
    put(named, key, inside(Array.isArray(value) && Array.isArray(order) ? inOrder(value, order) : value));
  }
  return named;
}

function inside(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(inside);
  return isJsonMap(value) ? withNamedOrder(value) : value;
}

/** The items of a list that is matched by a key; those that the order does not have are deleted. */
function inOrder(items: readonly JsonValue[], order: readonly JsonValue[]): JsonValue[] {
  const itemOf = (name: JsonValue) => items.find((item) => isNamed(item, name));
  const last = order.findLastIndex((name) => itemOf(name) !== undefined);
  const deleted = items.filter((item) => !order.some((name) => isNamed(item, name)));
  return [...order.slice(0, last + 1).map((name) => itemOf(name) ?? name), ...deleted];
}

/** Whether an item has the key of an entry in an order. */
function isNamed(item: JsonValue, name: JsonValue): boolean {
  if (!isJsonMap(item) || !isJsonMap(name)) return isDeepStrictEqual(item, name);
  return Object.entries(name).every(([key, value]) => isDeepStrictEqual(item[key], value));
}
