import type { JsonValue } from './json.ts';
import { isExactNumber } from './scalar.ts';

export type JsonMap = { [key: string]: JsonValue };

/** Whether JSON data is a map; an integer beyond 2^53 is an object to JavaScript, and none here. */
export function isJsonMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}
