import { isJsonMap, type JsonMap, type JsonValue } from '../../base/index.ts';
import type { FieldRule, MergeSchema } from './merge-schema.ts';
import { put } from './strategic-diff.ts';

const ORDER = '$setElementOrder/';

/**
 * A patch that also does what another does, which counts where both differ: maps merge, and so do items of lists that are matched by a
 * key. All else of the first patch stays. The order of a list is added only if it is asked for or the first patch has one. Without a
 * schema, as for JSON merge patches, lists replace each other. Its arguments are unchanged.
 */
export function extendPatch(patch: JsonMap, addition: JsonMap, schema: MergeSchema, orders: boolean): JsonMap {
  const extended: JsonMap = {};
  for (const [key, value] of Object.entries(patch)) put(extended, key, value);
  for (const [key, value] of Object.entries(addition)) {
    const before = Object.hasOwn(patch, key) ? patch[key] : undefined;
    if (key.startsWith(ORDER) && !orders && before === undefined) continue;
    put(extended, key, extendValue(before, value, schema[key], orders));
  }
  return extended;
}

function extendValue(before: JsonValue | undefined, value: JsonValue, rule: FieldRule | undefined, orders: boolean): JsonValue {
  if (isJsonMap(value)) {
    const schema = rule?.kind === 'map' ? rule.schema : {};
    const replaces = rule?.kind === 'map' && rule.replace;
    return replaces ? value : extendPatch(isJsonMap(before) ? before : {}, value, schema, orders);
  }
  if (rule?.kind !== 'keyed' || !Array.isArray(value) || !Array.isArray(before)) return value;
  const { key, schema } = rule;
  const extended = [...before];
  for (const item of value) {
    if (!isJsonMap(item) || !Object.hasOwn(item, key)) return value;
    const at = before.findIndex((each) => isJsonMap(each) && String(each[key]) === String(item[key]));
    const old = extended[at];
    if (isJsonMap(old)) extended[at] = extendPatch(old, item, schema, orders);
    else extended.push(item);
  }
  return extended;
}
