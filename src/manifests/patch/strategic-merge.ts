import { isDeepStrictEqual } from 'node:util';
import { FluxError, isJsonMap, type JsonMap, type JsonValue } from '../../base/index.ts';
import type { PatchDialect } from './dialect.ts';
import type { FieldRule, MergeSchema } from './merge-schema.ts';
import { put } from './strategic-diff.ts';

const ORDER = '$setElementOrder/';
const DELETED = '$deleteFromPrimitiveList/';

/**
 * An object with a strategic merge patch applied (Kubernetes, `kubectl patch`), directives included. Its arguments are unchanged.
 * @throws FluxError `generation/bad-patch` for a directive that is none
 */
export function strategicMerge(from: JsonMap, patch: JsonMap, schema: MergeSchema, dialect: PatchDialect): JsonMap {
  const { $patch: directive, $retainKeys: retained, ...rest } = patch;
  if (directive === 'replace') return withoutDirectives(rest);
  if (directive === 'delete') return {};
  if (directive !== undefined) throw badPatch(`$patch: ${String(directive).slice(0, 50)}`);
  const merged: JsonMap = {};
  for (const [key, value] of Object.entries(from))
    if (retained === undefined || listOf(retained, '$retainKeys').includes(key)) put(merged, key, value);
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith(ORDER) || key.startsWith(DELETED)) continue;
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
    if (value === null) delete merged[key];
    else if (isJsonMap(before) && isJsonMap(value)) put(merged, key, mergeMap(before, value, schema[key], dialect));
    else if (!Array.isArray(before) || !Array.isArray(value)) put(merged, key, clean(value));
    else put(merged, key, mergeList(before, value, schema[key], dialect));
  }
  for (const [directiveKey, value] of Object.entries(rest)) {
    if (!directiveKey.startsWith(DELETED)) continue;
    const key = directiveKey.slice(DELETED.length);
    const list = merged[key];
    if (Array.isArray(list))
      put(
        merged,
        key,
        list.filter((each) => !listOf(value, directiveKey).includes(each)),
      );
  }
  for (const [directiveKey, value] of Object.entries(rest)) {
    if (!directiveKey.startsWith(ORDER)) continue;
    const key = directiveKey.slice(ORDER.length);
    const list = merged[key];
    const before = from[key];
    if (Array.isArray(list))
      put(merged, key, ordered(list, listOf(value, directiveKey), Array.isArray(before) ? before : [], keyOf(schema[key])));
  }
  return merged;
}

function mergeMap(from: JsonMap, patch: JsonMap, rule: FieldRule | undefined, dialect: PatchDialect): JsonMap {
  if (rule?.kind === 'map' && rule.replace && patch.$patch === undefined) return withoutDirectives(patch);
  return strategicMerge(from, patch, rule?.kind === 'map' ? rule.schema : {}, dialect);
}

function mergeList(
  from: readonly JsonValue[],
  patch: readonly JsonValue[],
  rule: FieldRule | undefined,
  dialect: PatchDialect,
): JsonValue[] {
  if (rule?.kind === 'set') return ordered([...new Set([...from, ...patch])], patch, from, undefined);
  if (rule?.kind !== 'keyed') return patch.map(clean);
  const { key, schema } = rule;
  const items = patch.map((item) => {
    if (isJsonMap(item)) return item;
    throw badPatch(`an item without ${key}`);
  });
  const plain = items.filter((item) => item.$patch === undefined);
  if (items.some((item) => item.$patch === 'replace')) return plain.map(withoutDirectives);
  const deleted = new Set(items.filter((item) => item.$patch === 'delete').map((item) => nameOf(item, key)));
  const kept = from.filter((item) => !isJsonMap(item) || !deleted.has(nameOf(item, key)));
  const merged: JsonValue[] = [...kept];
  for (const item of plain) {
    const name = nameOf(item, key);
    const at = merged.findIndex((each) => isJsonMap(each) && nameOf(each, key) === name);
    const before = merged[at];
    if (isJsonMap(before)) merged[at] = strategicMerge(before, item, schema, dialect);
    else merged.push(withoutDirectives(item));
  }
  if (dialect === 'kubernetes') return ordered(merged, plain, kept, key);
  const named = plain.flatMap((item) => merged.find((each) => identity(each, key) === identity(item, key)) ?? []);
  return [...named, ...merged.filter((each) => !named.includes(each))];
}

/** Those that are named in an order go by that; the others stay where they were beside them. */
function ordered(
  list: readonly JsonValue[],
  order: readonly JsonValue[],
  before: readonly JsonValue[],
  key: string | undefined,
): JsonValue[] {
  const rank = (within: readonly JsonValue[]) =>
    new Map(within.map((each, index) => [identity(each, key), index]).reverse() as [string, number][]);
  const [wanted, was] = [rank(order), rank(before)];
  const at = (ranks: ReadonlyMap<string, number>, each: JsonValue) => ranks.get(identity(each, key)) ?? -1;
  const named = list.filter((each) => at(wanted, each) >= 0).sort((a, b) => at(wanted, a) - at(wanted, b));
  const others = list.filter((each) => at(wanted, each) < 0).sort((a, b) => at(was, a) - at(was, b));
  const result: JsonValue[] = [];
  while (named.length > 0 || others.length > 0) {
    const [left, right] = [others[0], named[0]];
    const isLeft =
      right === undefined || (left !== undefined && at(was, right) >= 0 && at(was, left) >= 0 && at(was, left) < at(was, right));
    result.push((isLeft ? others : named).shift() ?? null);
  }
  return result;
}

function identity(value: JsonValue, key: string | undefined): string {
  return JSON.stringify(key !== undefined && isJsonMap(value) ? (value[key] ?? null) : value);
}

function nameOf(item: JsonMap, key: string): string {
  if (!Object.hasOwn(item, key)) throw badPatch(`an item without ${key}`);
  return String(item[key]);
}

function keyOf(rule: FieldRule | undefined): string | undefined {
  return rule?.kind === 'keyed' ? rule.key : undefined;
}

function clean(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.filter((item) => !isDeleted(item)).map(clean);
  return isJsonMap(value) ? withoutDirectives(value) : value;
}

function isDeleted(value: JsonValue): boolean {
  return (
    isJsonMap(value) &&
    value.$patch !== undefined &&
    (value.$patch === 'delete' || isDeepStrictEqual(Object.keys(value), ['$patch']))
  );
}

/** What a patch adds where nothing was: nulls remove nothing. */
function withoutDirectives(map: JsonMap): JsonMap {
  const result: JsonMap = {};
  for (const [key, value] of Object.entries(map)) {
    const isDirective = key === '$patch' || key === '$retainKeys' || key.startsWith(ORDER) || key.startsWith(DELETED);
    if (!isDirective && value !== null) put(result, key, clean(value));
  }
  return result;
}

function listOf(value: JsonValue | undefined, directive: string): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  throw badPatch(`${directive}, which is no list`);
}

function badPatch(what: string): FluxError {
  return new FluxError(`invalid strategic merge patch: ${what}`, {
    code: 'generation/bad-patch',
    fault: 'user',
    help: 'Correct the patch file; `kubectl patch --dry-run=client` shows what a patch does.',
  });
}
