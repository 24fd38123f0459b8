import type { LiveObjectWire } from '../wire/index.ts';

type Value = Exclude<LiveObjectWire['fields'][number]['live'], undefined>;

/** Limit of one value of an object, as JSON. */
const MAX_VALUE = 4_000;

/** Whether only the beginning of a value is sent. */
export function isLongValue(value: unknown): boolean {
  return value !== undefined && JSON.stringify(value).length > MAX_VALUE;
}

/** A value of an object, or the beginning of a long one. */
export function cutValue(value: unknown): Value {
  if (typeof value === 'string') return value.slice(0, MAX_VALUE);
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE ? text.slice(0, MAX_VALUE) : (value as Value);
}
