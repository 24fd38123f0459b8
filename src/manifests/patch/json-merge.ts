import { isDeepStrictEqual } from 'node:util';
import { isJsonMap, type JsonMap, type JsonValue } from '../../base/index.ts';
import { put } from './strategic-diff.ts';

/** The JSON merge patch from one object to another (RFC 7386). Empty if both are equal. */
export function jsonMergeDiff(from: JsonMap, to: JsonMap): JsonMap {
  const patch: JsonMap = {};
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    if (isJsonMap(before) && isJsonMap(value)) {
      const changes = jsonMergeDiff(before, value);
      if (Object.keys(changes).length > 0) put(patch, key, changes);
    } else if (!isDeepStrictEqual(before, value)) put(patch, key, value);
  }
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) put(patch, key, null);
  return patch;
}

/** An object with a JSON merge patch applied (RFC 7386). Its arguments are unchanged. */
export function jsonMerge(from: JsonMap, patch: JsonMap): JsonMap {
  const merged: JsonMap = {};
  for (const [key, value] of Object.entries(from)) put(merged, key, value);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else put(merged, key, patched(Object.hasOwn(merged, key) ? merged[key] : undefined, value));
  }
  return merged;
}

function patched(from: JsonValue | undefined, patch: JsonValue): JsonValue {
  return isJsonMap(patch) ? jsonMerge(isJsonMap(from) ? from : {}, patch) : patch;
}
