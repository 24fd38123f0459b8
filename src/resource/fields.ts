/** An untyped mapping, as parsed from files and API responses. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of own keys; undefined if the path does not exist. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = isFields(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  return current;
}
