import { isFields } from '../../resource/index.ts';
import type { Fields } from '../object/fields.ts';

/** Different sets of key fields by which the items of one list are looked for; a schema has one. */
const MAX_SETS = 8;

/** Finds the first item of a list with these values of its key fields, in one step; undefined if there is none. */
export function indexOfItems(list: readonly unknown[]): (key: Fields) => number | undefined {
  const bySet = new Map<string, ReadonlyMap<string, number>>();
  return (key) => {
    const names = Object.keys(key).sort();
    const set = JSON.stringify(names);
    let index = bySet.get(set);
    if (!index) {
      if (bySet.size === MAX_SETS) return undefined;
      index = indexBy(list, names);
      bySet.set(set, index);
    }
    return index.get(valuesOf(key, names));
  };
}

function indexBy(list: readonly unknown[], names: readonly string[]): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  for (const [at, item] of list.entries()) {
    if (!isFields(item)) continue;
    const values = valuesOf(item, names);
    if (!index.has(values)) index.set(values, at);
  }
  return index;
}

function valuesOf(item: Fields, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => item[name]));
}
