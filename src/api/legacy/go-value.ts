import { badRequest } from '../status.ts';

/**
 * Decodes a JSON value by the rules of Go's encoding/json, which old clients rely on: keys match case-insensitively, the last one wins,
 * unknown ones are ignored; a missing or `null` value is the zero value. `at` names the value in errors.
 */
export type Decoder<T> = (value: unknown, at: string) => T;

export const text: Decoder<string> = (value, at) => {
  if (isAbsent(value)) return '';
  if (typeof value !== 'string') throw mismatch(at, 'a string');
  return value;
};

export const flag: Decoder<boolean> = (value, at) => {
  if (isAbsent(value)) return false;
  if (typeof value !== 'boolean') throw mismatch(at, 'true or false');
  return value;
};

export const anything: Decoder<unknown> = (value) => value;

/** A list, or null for Go's nil slice. */
export function list<T>(item: Decoder<T>): Decoder<readonly T[] | null> {
  return (value, at) => {
    if (isAbsent(value)) return null;
    if (!Array.isArray(value)) throw mismatch(at, 'a list');
    return value.map((entry: unknown, index) => item(entry, `${at}[${index}]`));
  };
}

/** A map whose keys are parsed, and so normalised, by `key`; sorted, as Go writes maps. */
export function mapOf<T>(key: (text: string) => string, item: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  return (value, at) => {
    if (isAbsent(value)) return {};
    if (!isObject(value)) throw mismatch(at, 'an object');
    const entries = Object.entries(value).map(
      ([name, entry]) => [key(name), item(entry, `${at}[${JSON.stringify(name)}]`)] as const,
    );
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  };
}

export function struct<T>(fields: { readonly [K in keyof T]: Decoder<T[K]> }): Decoder<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  const byFolded = new Map(names.map((name) => [name.toLowerCase(), name]));
  return (value, at) => {
    if (!isAbsent(value) && !isObject(value)) throw mismatch(at, 'an object');
    const found = new Map<string, unknown>();
    for (const [key, entry] of Object.entries(value ?? {})) {
      const name = byFolded.get(key.toLowerCase());
      if (name !== undefined) found.set(name, entry);
    }
    const decoded = names.map((name) => [name, fields[name](found.get(name), at === '' ? name : `${at}.${name}`)] as const);
    return Object.fromEntries(decoded) as T;
  };
}

export function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mismatch(at: string, expected: string): Error {
  return badRequest(`${at || 'the body'} is not ${expected}`);
}
