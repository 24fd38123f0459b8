import { textOf } from '../object/fields.ts';

/** A time of the API server in milliseconds since the epoch; undefined if it is absent or invalid. */
export function timeOf(value: unknown): number | undefined {
  const time = Date.parse(textOf(value));
  return Number.isNaN(time) ? undefined : time;
}

/** A fact that may be absent. */
export function optional<Name extends string, T>(name: Name, value: T | undefined): Partial<Record<Name, T>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, T>);
}
