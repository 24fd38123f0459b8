import { isDeepStrictEqual } from 'node:util';
import type { FieldDiff } from '../../change/index.ts';
import { isFields, type Json } from '../../resource/index.ts';
import { CHANGE_CAUSE, CHECKSUM_ANNOTATION, LAST_APPLIED, MARK_LABEL } from '../object/ownership.ts';

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

/**
 * The fields in which two states of an object differ, by path; without a live object every field is new. Server-owned fields, the status,
 * and internal data of Flux and kubectl are excluded. List items are identified by the keys in `managedFields`, else by `name`, else by
 * position; a list of scalars is one value. Empty exactly if both are equal in all compared fields.
 */
export function compareObjects(live: ServerObject | undefined, wanted: ServerObject): readonly FieldDiff[] {
  const shape: Shape = { fields: new Map() };
  for (const object of [live, wanted]) for (const fields of ownedFields(object)) learn(shape, fields);
  // What an apply says about itself leaves with the next one.
  const from = flatten(live && !causeOf(wanted) ? withoutCause(live) : live, shape);
  const to = flatten(wanted, shape);
  const paths = [...new Set([...from.leaves.keys(), ...to.leaves.keys()])].sort();
  const differences = paths.flatMap((path) => differ(path, from.leaves.get(path), to.leaves.get(path)));
  return [...differences, ...reordered(from.orders, to.orders)];
}

function differ(path: string, from: Json | undefined, to: Json | undefined): readonly FieldDiff[] {
  if (isDeepStrictEqual(from, to)) return [];
  return [{ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
}

/** Lists whose common items have another order, which matters: containers start, and variables refer to each other, in list order. */
function reordered(from: Flat['orders'], to: Flat['orders']): readonly FieldDiff[] {
  return [...to].flatMap(([path, wanted]) => {
    const live = from.get(path) ?? [];
    const common = (names: readonly string[], others: readonly string[]) => {
      const known = new Set(others);
      return names.filter((name) => known.has(name));
    };
    return differ(`${path} (order)`, common(live, wanted), common(wanted, live));
  });
}

/** Type information of a value from the paths in `managedFields`. */
interface Shape {
  readonly fields: Map<string, Shape>;
  /** The key fields of list items. */
  keys?: readonly string[] | undefined;
  item?: Shape;
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
      shape.keys ??= keysOf(segment.slice(2));
      shape.item ??= { fields: new Map() };
      learn(shape.item, below);
    }
  }
}

/** Undefined for an invalid key; items are then identified in another way. */
function keysOf(text: string): readonly string[] | undefined {
  try {
    const key: unknown = JSON.parse(text);
    return isFields(key) ? Object.keys(key).sort() : undefined;
  } catch {
    return undefined;
  }
}

interface Flat {
  /** Leaf values by path, including empty objects and lists. */
  readonly leaves: Map<string, Json>;
  /** Names of the items of each list, in order. */
  readonly orders: Map<string, readonly string[]>;
}

function flatten(object: ServerObject | undefined, shape: Shape): Flat {
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
function itemNames(items: readonly unknown[], keys: readonly string[] | undefined): readonly string[] | undefined {
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
function pathOf(path: string, field: string): string {
  if (!/^[\w-]+$/.test(field)) return `${path}[${JSON.stringify(field)}]`;
  return path === '' ? field : `${path}.${field}`;
}

function causeOf({ metadata }: ServerObject): boolean {
  return isFields(metadata) && isFields(metadata.annotations) && CHANGE_CAUSE in metadata.annotations;
}

function withoutCause(object: ServerObject): ServerObject {
  if (!isFields(object.metadata) || !isFields(object.metadata.annotations)) return object;
  const { [CHANGE_CAUSE]: _, ...annotations } = object.metadata.annotations;
  return { ...object, metadata: { ...object.metadata, annotations } };
}
