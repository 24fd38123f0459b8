import { isObject, type Json, type JsonObject } from './json.ts';

/** The type of a value, how Go writes it, and how values of two managers merge. */
export interface Schema {
  readonly type:
    | 'struct'
    | 'map'
    | 'list'
    | 'string'
    | 'bytes'
    | 'time'
    | 'integer'
    | 'number'
    | 'boolean'
    | 'quantity'
    | 'int-or-string'
    | 'any';
  /** Go's name of a struct ("DeploymentSpec"), for messages. */
  readonly name?: string;
  /** Struct: its fields. A function, for recursive types. */
  readonly fields?: () => ReadonlyMap<string, Field>;
  readonly required?: readonly string[];
  /** List: its items. Map: its values. */
  readonly element?: Schema;
  /** List merged item by item: the key fields of items. */
  readonly keys?: readonly string[];
  /** List of scalars merged as a set. */
  readonly set?: boolean;
  /** Atomic: owned and replaced as a whole. */
  readonly atomic?: boolean;
  /** Custom resources: unknown fields are preserved. */
  readonly preserveUnknown?: boolean;
  readonly nullable?: boolean;
  /** Custom resources: the OpenAPI node with its constraints (enum, minimum, pattern …). */
  readonly limits?: JsonObject;
}

export interface Field {
  readonly schema: Schema;
  /** Go holds the struct by value, so that `{}` is written even if it is unset. */
  readonly always?: boolean;
  readonly default?: Json;
  /** Strategic merge: the item's key field, '' for a list of scalars; undefined replaces the list. */
  readonly patchMerge?: string;
  readonly retainKeys?: boolean;
}

export const ANY: Schema = { type: 'any' };
/** Untyped parts of built-in kinds (RawExtension, JSON) are atomic. */
const ANY_ATOMIC: Schema = { type: 'any', atomic: true };

export interface TypeTable {
  named(name: string): Schema;
}

/** Reads the `types` part of schema-data.json; each named type is built once, on demand. */
export function createTypeTable(data: JsonObject): TypeTable {
  const known = new Map<string, Schema>();

  const named = (name: string): Schema => {
    const found = known.get(name);
    if (found) return found;
    const raw = data[name];
    if (!isObject(raw)) throw new Error(`schema data has no type ${name}`);
    let fields: ReadonlyMap<string, Field> | undefined;
    const schema: Schema = {
      type: 'struct',
      name: name.split('.').at(-1) ?? name,
      fields: () => {
        fields ??= new Map(Object.entries(raw.fields as JsonObject).map(([key, value]) => [key, fieldOf(value)]));
        return fields;
      },
      ...(Array.isArray(raw.required) ? { required: raw.required as string[] } : {}),
      ...(raw.atomic === true ? { atomic: true } : {}),
    };
    known.set(name, schema);
    return schema;
  };

  const typeOf = (raw: Json): Schema => {
    if (typeof raw === 'string') {
      if (raw.startsWith('@')) return named(raw.slice(1));
      return raw === 'any' ? ANY_ATOMIC : { type: raw as Schema['type'] };
    }
    if (!isObject(raw)) throw new Error(`schema data: not a type: ${JSON.stringify(raw)}`);
    if (raw.type !== undefined) return typeOf(raw.type);
    if (raw.map !== undefined) return { type: 'map', element: typeOf(raw.map), ...(raw.atomic === true ? { atomic: true } : {}) };
    const element = typeOf(raw.list ?? 'any');
    if (Array.isArray(raw.keys)) return { type: 'list', element, keys: raw.keys as string[] };
    return raw.set === true ? { type: 'list', element, set: true } : { type: 'list', element, atomic: true };
  };

  const fieldOf = (raw: Json): Field => ({
    schema: typeOf(raw),
    ...(isObject(raw) && raw.always === true ? { always: true } : {}),
    ...(isObject(raw) && raw.default !== undefined ? { default: raw.default } : {}),
    ...(isObject(raw) && typeof raw.patchMerge === 'string' ? { patchMerge: raw.patchMerge } : {}),
    ...(isObject(raw) && raw.retainKeys === true ? { retainKeys: true } : {}),
  });

  return { named };
}

/** The schema of a struct's field or a map's value; undefined for an unknown field. */
export function childSchema(schema: Schema, key: string): Schema | undefined {
  if (schema.type === 'struct') {
    const field = schema.fields?.().get(key);
    if (field) return field.schema;
    return schema.preserveUnknown ? ANY : undefined;
  }
  if (schema.type === 'map') return schema.element;
  return schema.type === 'any' ? ANY : undefined;
}

/** Whether the schema declares `key` by name, unlike a map's key. */
export function isNamedField(schema: Schema, key: string): boolean {
  return schema.type === 'struct' && (schema.fields?.().has(key) ?? false);
}

/** Whether a value of this type is granular, rather than atomic. */
export function isLeaf(schema: Schema, value: Json | undefined): boolean {
  if (schema.atomic) return true;
  if (schema.type === 'any') return !isObject(value);
  if (schema.type === 'list') return schema.keys === undefined && !schema.set;
  return schema.type !== 'struct' && schema.type !== 'map';
}
