import { isExactNumber, type JsonValue } from '../base/index.ts';
import { MAX_OBJECT_BYTES, MAX_OBJECT_VALUES } from './limits.ts';

/** What a value costs to keep and to send. */
export interface Weight {
  /** Maps, lists and scalars; counting stops above `MAX_OBJECT_VALUES`. */
  readonly values: number;
  /** As JSON; exact where it is near the limit, else about. */
  readonly bytes: number;
  /** About what it takes of the heap. */
  readonly heapBytes: number;
  /** It holds integers beyond 2^53, which JSON text keeps and `JSON.parse` does not. */
  readonly isExact: boolean;
}

/** What V8 needs for a value beside its text. */
const VALUE_BYTES = 48;

/** @param about the length of the value as JSON, from below by at most a factor of three (escapes, UTF-8) */
export function weigh(value: JsonValue, about: number): Weight {
  let values = 0;
  let isExact = false;
  const pending: JsonValue[] = [value];
  for (let next = pending.pop(); next !== undefined && values <= MAX_OBJECT_VALUES; next = pending.pop()) {
    values++;
    if (typeof next !== 'object' || next === null) continue;
    if (isExactNumber(next)) isExact = true;
    else for (const key in next) pending.push((next as { readonly [key: string]: JsonValue })[key] ?? null);
  }
  const isLarge = values <= MAX_OBJECT_VALUES && about > MAX_OBJECT_BYTES / 3;
  const bytes = isLarge ? Buffer.byteLength(JSON.stringify(value)) : about;
  return { values, bytes, heapBytes: bytes + VALUE_BYTES * values, isExact };
}
