import { isFields } from '../../resource/index.ts';
import type { LiveObject, LostFields, ManagedFields } from '../object/live.ts';
import { ownEntry } from '../object/ownership.ts';
import { replicasHeldByScale } from '../object/scale.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A field that is no longer ours, and the manager that owns it now. */
interface Lost {
  readonly path: string;
  readonly holder: string | undefined;
}

/** The part of another manager's entry below a field. */
interface Foreign {
  readonly manager: string | undefined;
  readonly fields: Fields;
}

/**
 * The applied fields that are no longer in our managedFields entry. The API server removes a field from it when another manager changes
 * or removes the field, so drift is detected by metadata alone
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). In doubt a field counts as lost, which costs one
 * apply.
 */
export function lostFields(applied: Fields, live: LiveObject, manager: string): LostFields {
  const own = ownEntry(live, manager)?.fieldsV1;
  const others = foreignEntries(live, manager);
  const foreign = others.flatMap((entry) => (entry.fieldsV1 ? [{ manager: entry.manager, fields: entry.fieldsV1 }] : []));
  const lost: Lost[] = [];
  for (const [name, value] of Object.entries(applied)) {
    if (name === 'apiVersion' || name === 'kind') continue;
    const fields = name === 'metadata' && isFields(value) ? withoutIdentity(value) : value;
    compare(fields, own?.[`f:${name}`], below(foreign, `f:${name}`), name, lost);
  }
  // A manager that scales the object owns the replicas legitimately.
  const taken = replicasHeldByScale(live) ? lost.filter(({ path }) => path !== 'spec.replicas') : lost;
  if (taken.length === 0) return { fields: [] };
  const by = taken.find(({ holder }) => holder !== undefined)?.holder ?? others[0]?.manager;
  return { fields: taken.map(({ path }) => path).sort(), ...(by === undefined ? {} : { by }) };
}

/** Identity fields, which have no owner. */
function withoutIdentity({ name: _name, namespace: _namespace, ...rest }: Fields): Fields {
  return rest;
}

function compare(value: unknown, owned: unknown, foreign: readonly Foreign[], path: string, lost: Lost[]): void {
  // An empty field is not applied.
  if (value === null || value === undefined) return;
  if (!isFields(owned)) {
    if (isFields(value) && Object.keys(value).length > 0) {
      for (const [name, each] of Object.entries(value))
        compare(each, undefined, below(foreign, `f:${name}`), join(path, name), lost);
      return;
    }
    // Only an empty list may leave no trace in managedFields; it is not empty any more if others own items.
    if (!Array.isArray(value) || value.length > 0 || foreign.length > 0) lost.push({ path, holder: foreign[0]?.manager });
    return;
  }
  // Atomic.
  if (isLeaf(owned)) return;
  if (isFields(value)) {
    for (const [name, each] of Object.entries(value)) {
      compare(each, owned[`f:${name}`], below(foreign, `f:${name}`), join(path, name), lost);
    }
  } else if (Array.isArray(value)) compareItems(value, owned, foreign, path, lost);
}

/** Lists whose items are identified by keys (`k:`) or value (`v:`); others are atomic. */
function compareItems(items: readonly unknown[], owned: Fields, foreign: readonly Foreign[], path: string, lost: Lost[]): void {
  const names = Object.keys(owned);
  const keys = names.filter((name) => name.startsWith('k:')).map((name) => ({ name, key: keyFields(name) }));
  const values = new Set(names.filter((name) => name.startsWith('v:')));
  if (keys.length === 0 && values.size === 0) return;
  const found = pairs(items, keys);
  for (const item of items) {
    if (values.size > 0) {
      const name = `v:${JSON.stringify(item)}`;
      if (!values.has(name)) lost.push({ path: `${path}[=${JSON.stringify(item)}]`, holder: below(foreign, name)[0]?.manager });
    } else if (isFields(item)) {
      const name = found.get(item);
      const key = name === undefined ? nameOf(item, keys[0]?.key ?? {}) : keyFields(name);
      const shown = Object.entries(key).map(([field, is]) => `${field}=${String(is)}`);
      const fields = name === undefined ? undefined : owned[name];
      compare(item, fields, name === undefined ? [] : below(foreign, name), `${path}[${shown.join(',')}]`, lost);
    }
  }
}

/**
 * Assigns a key to each item. An item with all key fields has a certain key; for others the API server filled in defaults, and they get
 * the remaining keys. No key is assigned twice.
 */
function pairs(
  items: readonly unknown[],
  keys: readonly { readonly name: string; readonly key: Fields }[],
): ReadonlyMap<Fields, string> {
  const left = new Set(keys);
  const found = new Map<Fields, string>();
  for (const isExact of [true, false]) {
    for (const item of items) {
      if (!isFields(item) || found.has(item)) continue;
      for (const each of left) {
        if (!matches(item, each.key, isExact)) continue;
        found.set(item, each.name);
        left.delete(each);
        break;
      }
    }
  }
  return found;
}

function matches(item: Fields, key: Fields, isExact: boolean): boolean {
  const given = Object.entries(key).filter(([field]) => isExact || item[field] !== undefined);
  return given.length > 0 && given.every(([field, is]) => item[field] === is);
}

function nameOf(item: Fields, key: Fields): Fields {
  return Object.fromEntries(Object.keys(key).flatMap((field) => (item[field] === undefined ? [] : [[field, item[field]]])));
}

function below(foreign: readonly Foreign[], name: string): readonly Foreign[] {
  return foreign.flatMap(({ manager, fields }) => {
    const inner = fields[name];
    return isFields(inner) ? [{ manager, fields: inner }] : [];
  });
}

/** The fields of a key `k:{"name":"web"}`. An invalid one matches no item, which only costs an apply. */
function keyFields(name: string): Fields {
  try {
    const key: unknown = JSON.parse(name.slice(2));
    return isFields(key) ? key : {};
  } catch {
    return {};
  }
}

function isLeaf(owned: Fields): boolean {
  return Object.keys(owned).every((name) => name === '.');
}

function join(path: string, name: string): string {
  return /[.[\]/]/.test(name) ? `${path}[${name}]` : `${path}.${name}`;
}

/** Entries of other managers, the last writer first; status entries are excluded, since they change no field of ours. */
function foreignEntries(live: LiveObject, manager: string): readonly ManagedFields[] {
  return (live.managedFields ?? [])
    .filter((entry) => !(entry.manager === manager && entry.operation === 'Apply') && entry.subresource !== 'status')
    .toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
}
