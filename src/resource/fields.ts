/** A mapping of anything, as objects come from files and from the API. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value under a path of keys, each of them the mapping's own; undefined where the path ends early. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = isFields(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  return current;
}
