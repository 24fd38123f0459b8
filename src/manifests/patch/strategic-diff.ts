import { isDeepStrictEqual } from 'node:util';
import { isJsonMap, type JsonMap, type JsonValue } from '../../base/index.ts';
import type { FieldRule, MergeSchema } from './merge-schema.ts';

/**
 * The strategic merge patch from one object to another (Kubernetes, `kubectl apply`): changed keys, `null` for removed ones; lists that
 * are matched by a key have their changed items, with `$patch: delete` for removed ones and the order in `$setElementOrder/<list>`.
 * Empty if both are equal.
 */
export function strategicDiff(from: JsonMap, to: JsonMap, schema: MergeSchema, retainKeys = false): JsonMap {
  const patch: JsonMap = {};
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    if (before === undefined) put(patch, key, value);
    else if (isJsonMap(before) && isJsonMap(value)) diffMap(patch, key, before, value, schema[key]);
    else if (Array.isArray(before) && Array.isArray(value)) diffList(patch, key, before, value, schema[key]);
    else if (!isDeepStrictEqual(before, value)) put(patch, key, value);
  }
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) put(patch, key, null);
  const retained = Object.keys(to).filter((key) => to[key] !== null);
  if (retainKeys && retained.length > 0 && Object.keys(patch).length > 0) put(patch, '$retainKeys', retained.sort());
  return patch;
}

function diffMap(patch: JsonMap, key: string, from: JsonMap, to: JsonMap, rule: FieldRule | undefined): void {
  if (rule?.kind === 'map' && rule.replace) {
    if (!isDeepStrictEqual(from, to)) put(patch, key, to);
    return;
  }
  const { schema, retainKeys } = rule?.kind === 'map' ? rule : { schema: {} };
  const changes = strategicDiff(from, to, schema, retainKeys);
  if (Object.keys(changes).length > 0) put(patch, key, changes);
}

function diffList(patch: JsonMap, key: string, from: JsonValue[], to: JsonValue[], rule: FieldRule | undefined): void {
  if (isDeepStrictEqual(from, to)) return;
  if (rule?.kind === 'set' && from.length > 0) diffSet(patch, key, from, to);
  else if (rule?.kind !== 'keyed') put(patch, key, to);
  // Items without a key of their own cannot be distinguished, as two ports of a container with one number.
  else if (!isKeyed(from, rule.key) || !isKeyed(to, rule.key)) put(patch, key, [...to, { $patch: 'replace' }]);
  else if (from.length === 0) put(patch, key, to);
  else diffKeyed(patch, key, from, to, rule);
}

function diffSet(patch: JsonMap, key: string, from: readonly JsonValue[], to: readonly JsonValue[]): void {
  const [added, removed] = [to.filter((each) => !from.includes(each)), from.filter((each) => !to.includes(each))];
  if (added.length > 0) put(patch, key, added);
  if (removed.length > 0) put(patch, `$deleteFromPrimitiveList/${key}`, [...new Set(removed)].sort());
  if (to.length > 0) put(patch, `$setElementOrder/${key}`, [...to]);
}

function diffKeyed(
  patch: JsonMap,
  key: string,
  from: readonly JsonMap[],
  to: readonly JsonMap[],
  { key: by, schema, retainKeys }: Extract<FieldRule, { readonly kind: 'keyed' }>,
): void {
  const before = new Map(from.map((item) => [String(item[by]), item]));
  const after = new Set(to.map((item) => String(item[by])));
  const changed = to.flatMap((item): readonly JsonMap[] => {
    const old = before.get(String(item[by]));
    if (!old) return [item];
    const changes = strategicDiff(old, item, schema, retainKeys);
    return Object.keys(changes).length === 0 ? [] : [{ ...changes, [by]: item[by] ?? null }];
  });
  const removed = [...before]
    .filter(([name]) => !after.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, item]): JsonMap => ({ $patch: 'delete', [by]: item[by] ?? null }));
  if (changed.length + removed.length > 0) put(patch, key, [...changed, ...removed]);
  const order = to.map((item) => ({ [by]: item[by] ?? null }));
  if (order.length > 0) put(patch, `$setElementOrder/${key}`, order);
}

/** Whether all items are maps with a key of their own; otherwise one list can only replace the other. */
function isKeyed(list: readonly JsonValue[], key: string): list is readonly JsonMap[] {
  const names = list.map((item) => (isJsonMap(item) && Object.hasOwn(item, key) ? String(item[key]) : undefined));
  return !names.includes(undefined) && new Set(names).size === list.length;
}

/** As a property of the map itself, also for `__proto__`. */
export function put(map: JsonMap, key: string, value: JsonValue | undefined): void {
  if (value === undefined) return;
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}
