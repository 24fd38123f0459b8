import { isDeepStrictEqual } from 'node:util';
import { isJsonMap } from '../base/index.ts';
import type { Path } from '../resource/index.ts';

/** The keys to the first place at which two values differ; undefined if none does. Objects are at most as deep as the YAML reader allows. */
export function firstDifference(one: unknown, other: unknown): Path | undefined {
  if (Array.isArray(one) && Array.isArray(other)) {
    for (let index = 0; index < Math.min(one.length, other.length); index++) {
      const keys = firstDifference(one[index], other[index]);
      if (keys) return [index, ...keys];
    }
    return one.length === other.length ? undefined : [];
  }
  if (isJsonMap(one) && isJsonMap(other)) {
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const keys = firstDifference(one[name], other[name]);
      if (keys) return [name, ...keys];
    }
    return undefined;
  }
  return isDeepStrictEqual(one, other) ? undefined : [];
}
