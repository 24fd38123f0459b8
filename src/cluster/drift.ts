import { isRecord, type LiveObject, type ManagedFields } from './live.ts';
import { ownEntry } from './ownership.ts';
import { replicasHeldByScale } from './scale.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What somebody took from us, or removed. */
export interface LostFields {
  /** Paths as people write them, `spec.template.spec.containers[name=web].image`; sorted. Empty: everything is still ours. */
  readonly fields: readonly string[];
  /** The manager that has them now, or wrote last. */
  readonly by?: string;
}

/**
 * Which fields of what we apply are no longer in our entry of managedFields. The API server takes a field out of it when another
 * manager changes its value or removes it, so this tells drift from metadata alone
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
 */
export function lostFields(applied: Fields, live: LiveObject, manager: string): LostFields {
  const own = ownEntry(live, manager)?.fieldsV1;
  const lost: string[] = [];
  for (const [name, value] of Object.entries(applied)) {
    if (name === 'apiVersion' || name === 'kind') continue;
    const path = name === 'metadata' && isRecord(value) ? withoutIdentity(value) : value;
    compare(path, own?.[`f:${name}`], name, lost);
  }
  // Whoever scales the object holds the number of replicas by right.
  const taken = replicasHeldByScale(live) ? lost.filter((path) => path !== 'spec.replicas') : lost;
  if (taken.length === 0) return { fields: [] };
  const by = holderOf(live, manager);
  return { fields: taken.sort(), ...(by === undefined ? {} : { by }) };
}

/** Nobody owns what an object is called. */
function withoutIdentity({ name: _name, namespace: _namespace, ...rest }: Fields): Fields {
  return rest;
}

function compare(value: unknown, owned: unknown, path: string, lost: string[]): void {
  // A field that is set to nothing is not applied.
  if (value === null || value === undefined) return;
  if (!isRecord(owned)) {
    // An empty map or list leaves no trace of its own.
    if (isEmpty(value)) return;
    if (isRecord(value)) for (const [name, each] of Object.entries(value)) compare(each, undefined, below(path, name), lost);
    else lost.push(path);
    return;
  }
  // Owned as a whole.
  if (isLeaf(owned)) return;
  if (isRecord(value)) {
    for (const [name, each] of Object.entries(value)) compare(each, owned[`f:${name}`], below(path, name), lost);
  } else if (Array.isArray(value)) compareItems(value, owned, path, lost);
}

/** Lists whose items are found by keys (`k:`) or by value (`v:`); others are owned as a whole. */
function compareItems(items: readonly unknown[], owned: Fields, path: string, lost: string[]): void {
  const keyed = Object.entries(owned).flatMap(([name, fields]) =>
    name.startsWith('k:') ? [{ key: keyFields(name), fields }] : [],
  );
  const values = new Set(Object.keys(owned).filter((name) => name.startsWith('v:')));
  if (keyed.length === 0 && values.size === 0) return;
  for (const item of items) {
    if (values.size > 0) {
      if (!values.has(`v:${JSON.stringify(item)}`)) lost.push(`${path}[=${JSON.stringify(item)}]`);
      continue;
    }
    if (!isRecord(item)) continue;
    const found = keyed.find(({ key }) => matches(item, key));
    const name = found ? found.key : nameOf(item, keyed[0]?.key ?? {});
    compare(
      item,
      found?.fields,
      `${path}[${Object.entries(name)
        .map(([field, is]) => `${field}=${String(is)}`)
        .join(',')}]`,
      lost,
    );
  }
}

/** A key field that the item does not give was defaulted by the API server. */
function matches(item: Fields, key: Fields): boolean {
  const given = Object.entries(key).filter(([field]) => item[field] !== undefined);
  return given.length > 0 && given.every(([field, is]) => item[field] === is);
}

function nameOf(item: Fields, key: Fields): Fields {
  return Object.fromEntries(Object.keys(key).flatMap((field) => (item[field] === undefined ? [] : [[field, item[field]]])));
}

/** The fields of a key `k:{"name":"web"}`. One that cannot be read matches no item: that costs an apply, no more. */
function keyFields(name: string): Fields {
  try {
    const key: unknown = JSON.parse(name.slice(2));
    return isRecord(key) ? key : {};
  } catch {
    return {};
  }
}

function isLeaf(owned: Fields): boolean {
  return Object.keys(owned).every((name) => name === '.');
}

function isEmpty(value: unknown): boolean {
  return (
    (Array.isArray(value) && value.length === 0) ||
    (isRecord(value) && Object.values(value).every((each) => each === null || isEmpty(each)))
  );
}

function below(path: string, name: string): string {
  return /[.[\]/]/.test(name) ? `${path}[${name}]` : `${path}.${name}`;
}

/** The manager that wrote last, apart from us and from controllers that report status. */
function holderOf(live: LiveObject, manager: string): string | undefined {
  const foreign = (live.managedFields ?? []).filter(
    (entry: ManagedFields) => !(entry.manager === manager && entry.operation === 'Apply') && entry.subresource !== 'status',
  );
  return foreign.toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]?.manager;
}
