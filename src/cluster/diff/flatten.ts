import { isFields, type Json } from '../../resource/index.ts';
import { operandOf } from '../object/fields-v1.ts';
import { CHECKSUM_ANNOTATION, LAST_APPLIED, MARK_LABEL } from '../object/ownership.ts';

/** An object as the API server returns it. */
export type ServerObject = Readonly<Record<string, unknown>>;

/** Metadata that the server updates at every change, and the object's identity. */
const SERVER_METADATA = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields',
  'name',
  'namespace',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/** Labels and annotations for internal use of Flux and kubectl. */
const BOOKKEEPING = new Set([MARK_LABEL, CHECKSUM_ANNOTATION, LAST_APPLIED]);

/** Type information of a value from the paths in `managedFields`. */
export interface Shape {
  readonly fields: Map<string, Shape>;
  /** The key fields of list items. */
  keys?: readonly string[] | undefined;
  item?: Shape;
}

/** What the `managedFields` of all these objects say of their lists. */
export function shapeOf(...objects: readonly (ServerObject | undefined)[]): Shape {
  const shape: Shape = { fields: new Map() };
  for (const object of objects) for (const fields of ownedFields(object)) learn(shape, fields);
  return shape;
}

function ownedFields(object: ServerObject | undefined): readonly Readonly<Record<string, unknown>>[] {
  const entries = isFields(object?.metadata) ? object.metadata.managedFields : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => (isFields(entry) && isFields(entry.fieldsV1) ? [entry.fieldsV1] : []));
}

/** Parses a FieldsV1 set: `f:name` is a field, `k:{"name":"web"}` an item with its key (structured-merge-diff, fieldpath). */
function learn(shape: Shape, fields: Readonly<Record<string, unknown>>): void {
  for (const [segment, inner] of Object.entries(fields)) {
    const below = isFields(inner) ? inner : {};
    if (segment.startsWith('f:')) {
      const name = segment.slice(2);
      const known = shape.fields.get(name) ?? { fields: new Map() };
      shape.fields.set(name, known);
      learn(known, below);
    } else if (segment.startsWith('k:')) {
      shape.keys ??= keysOf(segment);
      shape.item ??= { fields: new Map() };
      learn(shape.item, below);
    }
  }
}

/** Undefined for an invalid key; items are then identified in another way. */
function keysOf(element: string): readonly string[] | undefined {
  const key = operandOf(element);
  return isFields(key) ? Object.keys(key).sort() : undefined;
}

export interface Flat {
  /** Leaf values by path, including empty objects and lists. */
  readonly leaves: Map<string, Json>;
  /** Names of the items of each list, in order. */
  readonly orders: Map<string, readonly string[]>;
}

/** The leaves of an object by path: server-owned fields, the status, and internal data of Flux and kubectl are left out. */
export function flatten(object: ServerObject | undefined, shape: Shape): Flat {
  const flat: Flat = { leaves: new Map(), orders: new Map() };
  if (object) for (const [field, value] of compared(object)) visit(pathOf('', field), value, shape.fields.get(field));
  return flat;

  function visit(path: string, value: unknown, known: Shape | undefined): void {
    if (value === null || value === undefined) return;
    const inner = isFields(value) ? Object.entries(value).filter(([, each]) => each !== null && each !== undefined) : [];
    const items = Array.isArray(value) ? itemNames(value, known?.keys) : undefined;
    for (const [field, each] of inner) visit(pathOf(path, field), each, known?.fields.get(field));
    if (items) {
      flat.orders.set(path, items);
      for (const [index, each] of (value as readonly unknown[]).entries()) visit(`${path}[${items[index]}]`, each, known?.item);
    }
    if (inner.length === 0 && !items) flat.leaves.set(path, isFields(value) ? {} : (value as Json));
  }
}

/** The compared fields, as entries of the object. */
function compared({ apiVersion: _version, kind: _kind, status: _status, metadata, ...rest }: ServerObject) {
  const kept = Object.entries(isFields(metadata) ? metadata : {}).flatMap(([field, value]): [string, unknown][] => {
    if (SERVER_METADATA.has(field)) return [];
    if ((field !== 'labels' && field !== 'annotations') || !isFields(value)) return [[field, value]];
    const others = Object.entries(value).filter(([key]) => !BOOKKEEPING.has(key));
    return others.length === 0 ? [] : [[field, Object.fromEntries(others)]];
  });
  return Object.entries({ ...rest, ...(kept.length === 0 ? {} : { metadata: Object.fromEntries(kept) }) });
}

/** Distinct names for the items of a list; undefined for a list that is one value. */
export function itemNames(items: readonly unknown[], keys: readonly string[] | undefined): readonly string[] | undefined {
  if (items.length === 0 || !items.every(isFields)) return undefined;
  for (const fields of [keys, ['name']]) {
    if (!fields) continue;
    const named = items.every((item) => fields.some((field) => item[field] !== undefined));
    const names = items.map((item) => keyText(item, fields));
    if (named && new Set(names).size === names.length) return names;
  }
  return items.map((_, index) => String(index));
}

function keyText(item: Readonly<Record<string, unknown>>, fields: readonly string[]): string {
  return fields.flatMap((field) => (item[field] === undefined ? [] : [`${field}=${plain(item[field])}`])).join(',');
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}

/** `spec.template`, `metadata.labels["app.kubernetes.io/name"]`. */
export function pathOf(path: string, field: string): string {
  if (!/^[\w-]+$/.test(field)) return `${path}[${JSON.stringify(field)}]`;
  return path === '' ? field : `${path}.${field}`;
}
