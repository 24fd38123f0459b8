import { isFields } from '../../resource/index.ts';
import { itemNames, pathOf, type ServerObject, type Shape } from '../diff/flatten.ts';
import { indexOfItems } from './item-index.ts';

/** A manifest whose list items have the keys by which the API server names them, and the paths of those that the manifest leaves out. */
export interface Completed {
  readonly object: ServerObject;
  readonly filledIn: ReadonlySet<string>;
}

/** Fills in the keys of list items that a manifest leaves to defaults, such as the protocol of a port, as the live object has them. */
export function completeKeys(manifest: ServerObject, live: ServerObject, shape: Shape): Completed {
  const filledIn = new Set<string>();
  return { object: completeFields(manifest, live, shape, ''), filledIn };

  function completeFields(fields: ServerObject, other: unknown, known: Shape | undefined, path: string): ServerObject {
    return Object.fromEntries(
      Object.entries(fields).map(([field, each]) => [
        field,
        complete(each, isFields(other) ? other[field] : undefined, known?.fields.get(field), pathOf(path, field)),
      ]),
    );
  }

  function complete(value: unknown, other: unknown, known: Shape | undefined, path: string): unknown {
    if (isFields(value)) return completeFields(value, other, known, path);
    if (!Array.isArray(value) || !value.every(isFields) || !Array.isArray(other)) return value;
    const keys = known?.keys;
    const find = indexOfItems(other);
    const pairs = value.map((item) => {
      const index = keys && find(Object.fromEntries(keys.filter((key) => key in item).map((key) => [key, item[key]])));
      const match = index === undefined ? undefined : other[index];
      const missing = keys && isFields(match) ? keys.filter((key) => !(key in item) && match[key] !== undefined) : [];
      return { item: { ...item, ...Object.fromEntries(missing.map((key) => [key, match[key]])) }, match, missing };
    });
    const names = itemNames(
      pairs.map(({ item }) => item),
      keys,
    );
    return pairs.map(({ item, match, missing }, index) => {
      const at = `${path}[${names?.[index]}]`;
      for (const key of missing) filledIn.add(pathOf(at, key));
      return completeFields(item, match, known?.item, at);
    });
  }
}
