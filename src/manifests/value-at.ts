import type { JsonValue } from '../base/index.ts';

/** The value at a path of keys and list positions; undefined if the path does not exist. */
export function valueAt(value: JsonValue | undefined, path: readonly (string | number)[]): JsonValue | undefined {
  let current = value;
  for (const step of path) {
    if (Array.isArray(current)) current = typeof step === 'number' ? current[step] : undefined;
    else if (typeof current === 'object' && current !== null && Object.hasOwn(current, step)) current = current[step];
    else current = undefined;
  }
  return current;
}
