import { isUtf8 } from 'node:buffer';
import type { JsonValue } from './json.ts';

/*
 * Resolves scalars as Kubernetes does. kubectl and the API machinery convert YAML to JSON with sigs.k8s.io/yaml, which is based on
 * go-yaml v2: YAML 1.1 booleans, octal numbers with a leading zero, underscores in numbers, no base 60, timestamps as text.
 * test/base/yaml-kubernetes.test.ts compares with its code.
 */

const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
]);
const INFINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** go-yaml parses numbers that start with a dot by Go's ParseFloat, which allows `_` only between digits. */
const DOT_FLOAT = /^\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
/** go-yaml's own parser of binary numbers accepts a sign after the prefix. */
const SIGNED_BINARY = /^0b([-+])([01]{1,53})$/;
const TIMESTAMP =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?$/;

/** A value that JSON cannot hold: infinity or not-a-number. */
export const NOT_JSON: unique symbol = Symbol('not JSON');

// Exact numbers: ES2026 `JSON.rawJSON`, in Node since 21; TypeScript's library lacks it.
const exactJson = JSON as typeof JSON & {
  /** Typed as the value that it stands for: `JsonValue` says so. */
  rawJSON(text: string): JsonValue;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

/** True for an integer beyond 2^53, which is kept as `JSON.rawJSON` so that its digits survive `JSON.stringify`. */
export function isExactNumber(value: unknown): value is { readonly rawJSON: string } {
  return exactJson.isRawJSON(value);
}

/** `JSON.parse` that keeps all digits of integers beyond 2^53. The text must be JSON from a trusted source. */
export function parseExactJson(text: string): unknown {
  const keepDigits = (_key: string, value: unknown, { source }: { readonly source?: string }) =>
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    source !== undefined &&
    /^-?\d+$/.test(source)
      ? exactJson.rawJSON(source)
      : value;
  // The third argument of a reviver is part of the same proposal as `JSON.rawJSON`.
  return JSON.parse(text, keepDigits as Parameters<typeof JSON.parse>[1]);
}

/** Resolves an untagged plain scalar. */
export function resolvePlain(text: string): JsonValue | typeof NOT_JSON {
  const first = text.charCodeAt(0);
  // Letters, quotes and most symbols start only text or one of the keywords, which have at most five characters.
  const numeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!numeric) return text.length <= 5 ? (WORDS.get(text) ?? (WORDS.has(text) ? null : text)) : text;
  if (INFINITE.test(text)) return NOT_JSON;
  return resolveNumber(text) ?? text;
}

function resolveNumber(text: string): JsonValue | undefined {
  if (text.charCodeAt(0) === 46) return DOT_FLOAT.test(text) ? float(text.replaceAll('_', '')) : undefined;
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const integer = INTEGER.exec(plain);
  if (integer) return exactInteger(integer) ?? float(plain);
  const signed = SIGNED_BINARY.exec(plain);
  if (signed) return (signed[1] === '-' ? -1 : 1) * Number(`0b${signed[2]}`) + 0;
  return FLOAT.test(plain) ? float(plain) : undefined;
}

function exactInteger([, sign, hex, binary, octal, decimal]: RegExpExecArray): JsonValue | undefined {
  const digits =
    hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : octal !== undefined ? `0o${octal}` : decimal;
  const small = Number(digits);
  if (small <= Number.MAX_SAFE_INTEGER) return sign === '-' && small !== 0 ? -small : small;
  // Parsing millions of digits exactly would take seconds to no purpose.
  if (small > 2 ** 64) return undefined;
  const value = sign === '-' ? -BigInt(digits ?? '') : BigInt(digits ?? '');
  // Go tries int64, then uint64 (without a sign); larger decimals are floats, others are text.
  if (value < -(2n ** 63n) || value >= (sign === '' ? 2n ** 64n : 2n ** 63n)) return undefined;
  return exactJson.rawJSON(String(value));
}

/** Undefined if Go reports a number out of range, which makes it text. */
function float(text: string): number | undefined {
  if (!FLOAT.test(text)) return undefined;
  const value = Number(text);
  // Adding 0 turns -0 into 0.
  return Number.isFinite(value) ? value + 0 : undefined;
}

/**
 * Resolves a scalar with an explicit tag (`str`, `int` … for the `!!` tags, the full tag for others). Undefined if the text does not
 * match the tag.
 */
export function resolveTagged(tag: string, text: string): JsonValue | typeof NOT_JSON | undefined {
  switch (tag) {
    case 'int':
      return INTEGER.test(text.replaceAll('_', '')) ? resolvePlain(text) : undefined;
    case 'bool':
    case 'null':
    case 'float': {
      const value = resolvePlain(text);
      if (!fits(tag, value)) return undefined;
      return tag === 'float' && isExactNumber(value) ? Number(value.rawJSON) : value;
    }
    case 'timestamp':
      return TIMESTAMP.test(text) ? text : undefined;
    case 'binary':
      return decodeBase64(text);
    default:
      return text;
  }
}

function fits(tag: 'bool' | 'null' | 'float', value: JsonValue | typeof NOT_JSON): boolean {
  if (tag === 'null') return value === null;
  if (tag === 'bool') return typeof value === 'boolean';
  return typeof value === 'number' || isExactNumber(value) || value === NOT_JSON;
}

/** Decodes `!!binary` to text; each invalid UTF-8 byte becomes U+FFFD, as in Go's JSON encoder. */
function decodeBase64(text: string): string | undefined {
  const packed = text.replace(/[\r\n]/g, '');
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
  const bytes = Buffer.from(packed, 'base64');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((count) => at + count <= bytes.length && isUtf8(bytes.subarray(at, at + count)));
    parts.push(length === undefined ? '\uFFFD' : bytes.toString('utf8', at, at + length));
    at += length ?? 1;
  }
  return parts.join('');
}
