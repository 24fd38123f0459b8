import { emptySet, type FieldSet } from './field-set.ts';
import { equal, getField, isObject, type Json, type JsonObject, setField } from './json.ts';
import { ANY, childSchema, isLeaf, isNamedField, type Schema } from './schema.ts';

/**
 * Operations on typed values: their fields, differences and merges, by the rules of Kubernetes' structured merge:
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */

/** The path element of one list item, `k:{…}` or `v:…`; undefined if a key is missing and has no default. */
export function itemElement(schema: Schema, item: Json): string | undefined {
  if (schema.set) return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) return undefined;
  const fields = schema.element?.fields?.();
  const keys: JsonObject = {};
  for (const key of [...(schema.keys ?? [])].sort()) {
    const value = getField(item, key) ?? fields?.get(key)?.default;
    if (value !== undefined) keys[key] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}

/** Items by path element, in their order. Items without one are omitted. */
export function itemsByElement(schema: Schema, list: readonly Json[]): Map<string, Json> {
  const items = new Map<string, Json>();
  for (const item of list) {
    const element = itemElement(schema, item);
    if (element !== undefined && !items.has(element)) items.set(element, item);
  }
  return items;
}

function isBlank(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** All fields that the value sets, which an apply of it owns. */
export function fieldSetOf(schema: Schema, value: Json): FieldSet {
  const set = emptySet();
  if (isLeaf(schema, value)) {
    set.member = true;
  } else if (schema.type === 'list') {
    for (const [element, item] of itemsByElement(schema, Array.isArray(value) ? value : [])) {
      const child = fieldSetOf(schema.element ?? ANY, item);
      child.member = true;
      set.children.set(element, child);
    }
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const child = fieldSetOf(childSchema(schema, key) ?? ANY, item);
      if (item === null || (isObject(item) && Object.keys(item).length === 0) || !isNamedField(schema, key)) child.member = true;
      set.children.set(`f:${key}`, child);
    }
  }
  return set;
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** The changed fields from `before` to `after`. */
export function compare(schema: Schema, before: Json, after: Json): Comparison {
  const result = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareInto(schema, before, after, result);
  return result;
}

function compareInto(schema: Schema, before: Json | undefined, after: Json | undefined, into: Comparison): void {
  if (before === after) return;
  if (before === undefined) into.added.member = true;
  else if (after === undefined) into.removed.member = true;
  const blank = isBlank(before) && isBlank(after);
  if (blank || isLeaf(schema, after ?? before)) {
    if (before !== undefined && after !== undefined && !equal(before, after)) into.modified.member = true;
    return;
  }
  const entries = (value: Json | undefined): ReadonlyMap<string, Json> => {
    if (schema.type === 'list') return itemsByElement(schema, Array.isArray(value) ? value : []);
    return new Map(isObject(value) ? Object.entries(value).map(([key, item]) => [`f:${key}`, item]) : []);
  };
  const [left, right] = [entries(before), entries(after)];
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const child = schema.type === 'list' ? (schema.element ?? ANY) : (childSchema(schema, element.slice(2)) ?? ANY);
    const [a, b] = [left.get(element), right.get(element)];
    if (a === b || (a !== undefined && b !== undefined && equal(a, b))) continue;
    const below = { added: emptySet(), modified: emptySet(), removed: emptySet() };
    compareInto(child, a, b, below);
    for (const part of ['added', 'modified', 'removed'] as const)
      if (below[part].member || below[part].children.size > 0) into[part].children.set(element, below[part]);
  }
}

/** Merges `applied` into `live`. */
export function merge(schema: Schema, live: Json | undefined, applied: Json): Json {
  if (live === undefined || isLeaf(schema, applied) || (isBlank(live) && isBlank(applied))) return applied;
  if (schema.type === 'list') {
    if (!Array.isArray(applied)) return live;
    return mergeLists(schema, Array.isArray(live) ? live : [], applied);
  }
  if (!isObject(applied)) return live;
  const merged: JsonObject = isObject(live) ? { ...live } : {};
  for (const [key, value] of Object.entries(applied))
    setField(merged, key, merge(childSchema(schema, key) ?? ANY, getField(merged, key), value));
  return merged;
}

/** Applied items get the applied order; other items keep their position beside their neighbours. */
function mergeLists(schema: Schema, live: readonly Json[], applied: readonly Json[]): Json[] {
  const [left, right] = [itemsByElement(schema, live), itemsByElement(schema, applied)];
  const [lefts, rights] = [[...left.keys()], [...right.keys()]];
  const shared = rights.filter((element) => left.has(element));
  const merged: Json[] = [];
  const mergedItem = (element: string) => merge(schema.element ?? ANY, left.get(element), right.get(element) ?? null);
  let [l, r, s] = [0, 0, 0];
  while (l < lefts.length || r < rights.length) {
    const [a, b] = [lefts[l], rights[r]];
    if (a !== undefined && b !== undefined) {
      if (a === b) {
        merged.push(mergedItem(a));
        l++;
        r++;
        s++;
        continue;
      }
      // A shared item that has another position in the applied order is added there.
      if (right.has(a) && shared[s] !== a) {
        l++;
        continue;
      }
    }
    if (a !== undefined && !right.has(a)) {
      merged.push(left.get(a) ?? null);
      l++;
    } else if (b !== undefined) {
      merged.push(mergedItem(b));
      r++;
      if (shared[s] === b) s++;
    } else l++;
  }
  return merged;
}

/** `value` without the members of `set` and everything below them. Values that become empty stay as null, since they were not removed themselves. */
export function removeFields(schema: Schema, value: Json, set: FieldSet): Json {
  if (set.children.size === 0 || isLeaf(schema, value)) return value;
  if (schema.type === 'list') {
    const kept = (Array.isArray(value) ? value : []).flatMap((item) => {
      const element = itemElement(schema, item);
      const below = element === undefined ? undefined : set.children.get(element);
      if (below?.member) return [];
      return [below ? removeFields(schema.element ?? ANY, item, below) : item];
    });
    return kept.length > 0 ? kept : null;
  }
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const below = set.children.get(`f:${key}`);
    if (below?.member) continue;
    setField(kept, key, below ? removeFields(childSchema(schema, key) ?? ANY, item, below) : item);
  }
  return Object.keys(kept).length > 0 ? kept : null;
}

/** `value` without the nulls from removeFields, keeping those of `config`. */
export function withoutEmptied(value: Json, config: Json | undefined): Json {
  if (Array.isArray(value)) return value.map((item) => withoutEmptied(item, undefined));
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const wanted = isObject(config) ? getField(config, key) : undefined;
    if (item !== null || wanted === null) setField(kept, key, withoutEmptied(item, wanted));
  }
  return kept;
}

/** Adds the struct fields on the path to each member: "spec" for "spec.replicas". */
export function withNamedFields(schema: Schema, set: FieldSet): FieldSet {
  const result: FieldSet = { member: set.member, children: new Map() };
  for (const [element, child] of set.children) {
    const named = element.startsWith('f:') && isNamedField(schema, element.slice(2));
    const below = schema.type === 'list' ? (schema.element ?? ANY) : (childSchema(schema, element.slice(2)) ?? ANY);
    const copy = withNamedFields(below, child);
    if (named) copy.member = true;
    result.children.set(element, copy);
  }
  return result;
}
