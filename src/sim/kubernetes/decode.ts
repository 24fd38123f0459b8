import { isObject, type Json, type JsonObject, setField } from './json.ts';
import { canonicalQuantity } from './quantity.ts';
import { ANY, type Schema } from './schema.ts';

/** A body whose JSON does not match the Go type, with the message of Go's decoder. */
export class DecodeError extends Error {}

/**
 * The object as a Go server stores and writes it: unknown fields are dropped (and reported in `unknown`), nulls and empty optional lists
 * and maps are omitted, by-value structs are always present, and quantities have canonical form.
 * Throws DecodeError if a value has the wrong type.
 */
export function decode(schema: Schema, value: Json, unknown: string[] = []): Json {
  return decodeAt(schema, value, { path: '', struct: '', unknown }) ?? null;
}

interface Place {
  readonly path: string;
  /** Go's name of the enclosing struct, for messages. */
  readonly struct: string;
  readonly unknown: string[];
}

function decodeAt(schema: Schema, value: Json, place: Place): Json | undefined {
  if (value === null) return undefined;
  switch (schema.type) {
    case 'struct':
      return decodeStruct(schema, value, place);
    case 'map': {
      if (!isObject(value)) throw mismatch(value, place, `map[string]${goName(schema.element)}`);
      const map: JsonObject = {};
      for (const [key, item] of Object.entries(value)) setField(map, key, decodeAt(schema.element ?? ANY, item, place) ?? '');
      return map;
    }
    case 'list':
      if (!Array.isArray(value)) throw mismatch(value, place, `[]${goName(schema.element)}`);
      return value.map(
        (item, index) =>
          decodeAt(schema.element ?? ANY, item, { ...place, path: `${place.path}[${index}]` }) ?? zero(schema.element),
      );
    case 'any':
      return value;
    default:
      return decodeScalar(schema, value, place);
  }
}

function decodeStruct(schema: Schema, value: Json, place: Place): Json {
  const own = { ...place, struct: schema.name ?? place.struct };
  if (!isObject(value)) throw mismatch(value, place, goName(schema));
  const fields = schema.fields?.() ?? new Map();
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const path = place.path === '' ? key : `${place.path}.${key}`;
    const field = fields.get(key);
    if (!field) {
      own.unknown.push(path);
      continue;
    }
    const decoded = decodeAt(field.schema, item, { ...own, path });
    if (decoded !== undefined && !isOmitted(schema, key, field.schema, decoded)) result[key] = decoded;
  }
  return withZeroes(schema, result);
}

/** Go's omitempty: an optional empty list or map is not written. */
function isOmitted(parent: Schema, key: string, schema: Schema, value: Json): boolean {
  if (schema.type !== 'list' && schema.type !== 'map') return false;
  const empty = Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
  return empty && !parent.required?.includes(key);
}

/** Go's output for an unset field without omitempty. */
const ZEROES: Readonly<Partial<Record<Schema['type'], Json>>> = { list: null, string: '', integer: 0, number: 0, boolean: false };

/** Adds Go's output for unset fields: by-value structs, zeros for required fields, and constant defaults. */
function withZeroes(schema: Schema, value: JsonObject): JsonObject {
  for (const [key, field] of schema.fields?.() ?? []) {
    if (Object.hasOwn(value, key)) continue;
    if (field.always) value[key] = zero(field.schema);
    else if (field.default !== undefined) value[key] = field.default;
    else if (schema.required?.includes(key) && field.schema.type in ZEROES) value[key] = ZEROES[field.schema.type] ?? null;
  }
  return value;
}

/** Go's zero value of a type, as written. */
export function zero(schema: Schema | undefined): Json {
  if (schema?.type === 'struct') return withZeroes(schema, {});
  return schema?.type === 'map' ? {} : schema?.type === 'list' ? [] : '';
}

function decodeScalar(schema: Schema, value: Json, place: Place): Json {
  switch (schema.type) {
    case 'integer':
      if (typeof value !== 'number') throw mismatch(value, place, 'int32');
      if (!Number.isInteger(value))
        throw new DecodeError(`json: cannot unmarshal number ${value} into Go struct field ${goPath(place)} of type int32`);
      return value;
    case 'number':
      if (typeof value !== 'number') throw mismatch(value, place, 'float64');
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(value, place, 'bool');
      return value;
    case 'int-or-string':
      if (typeof value !== 'string' && typeof value !== 'number') throw mismatch(value, place, 'intstr.IntOrString');
      return value;
    case 'quantity': {
      const quantity = typeof value === 'string' || typeof value === 'number' ? canonicalQuantity(String(value)) : undefined;
      if (quantity === undefined)
        throw new DecodeError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
      return quantity;
    }
    case 'bytes': {
      if (typeof value !== 'string') throw mismatch(value, place, '[]uint8');
      const bad = /[^A-Za-z0-9+/=\r\n]/.exec(value)?.index ?? (value.replace(/[\r\n]/g, '').length % 4 === 0 ? -1 : value.length);
      if (bad >= 0) throw new DecodeError(`illegal base64 data at input byte ${bad}`);
      return value;
    }
    case 'time':
      if (typeof value !== 'string') throw mismatch(value, place, 'time.Time');
      if (Number.isNaN(Date.parse(value)))
        throw new DecodeError(`parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse`);
      return value;
    default:
      if (typeof value !== 'string') throw mismatch(value, place, 'string');
      return value;
  }
}

function goName(schema: Schema | undefined): string {
  switch (schema?.type) {
    case 'struct':
      return `v1.${schema.name ?? ''}`;
    case 'map':
      return `map[string]${goName(schema.element)}`;
    case 'list':
      return `[]${goName(schema.element)}`;
    case 'integer':
      return 'int32';
    case 'boolean':
      return 'bool';
    default:
      return 'string';
  }
}

function goPath({ struct, path }: Place): string {
  return `${struct}.${path.replace(/\[\d+\]/g, '')}`;
}

function mismatch(value: Json, place: Place, type: string): DecodeError {
  const got = Array.isArray(value) ? 'array' : isObject(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new DecodeError(`json: cannot unmarshal ${got} into Go struct field ${goPath(place)} of type ${type}`);
}
