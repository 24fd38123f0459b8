import { isExactNumber, type JsonValue } from '../base/index.ts';
import { MAX_OBJECT_BYTES, MAX_OBJECT_VALUES } from './limits.ts';

/** The cost of storing and sending a value. */
export interface Weight {
  /** Number of maps, lists and scalars; counting stops above `MAX_OBJECT_VALUES`. */
  readonly values: number;
  /** Size as JSON; exact near the limit, otherwise approximate. */
  readonly bytes: number;
  /** Approximate heap size. */
  readonly heapBytes: number;
  /** Whether it contains integers beyond 2^53, which JSON text keeps but `JSON.parse` does not. */
  readonly isExact: boolean;
}

/** V8's overhead of a value. */
const VALUE_BYTES = 48;

/** @param about a lower bound of the value's length as JSON, at most a factor of three too low (escapes, UTF-8) */
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
