import {
  difference,
  emptySet,
  equalSets,
  type FieldSet,
  fromFieldsV1,
  intersection,
  isEmptySet,
  pathsOf,
  setOfFields,
  toFieldsV1,
  union,
  withoutSubtrees,
} from './field-set.ts';
import { equal, type Json, type JsonObject } from './json.ts';
import { type KubeObject, type ManagedFieldsEntry, metaOf } from './object.ts';
import type { Schema } from './schema.ts';
import { ApiError } from './status.ts';
import { compare, fieldSetOf, merge, removeFields, withNamedFields, withoutEmptied } from './typed.ts';

/** The writer, as recorded in metadata.managedFields. */
export interface Writer {
  readonly manager: string;
  readonly subresource?: string;
  /** RFC 3339 of the write. */
  readonly time: string;
}

/** Fields without owner: identity, and fields that the server itself writes. */
const UNOWNED = setOfFields(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'selfLink'],
  ['metadata', 'uid'],
  ['metadata', 'clusterName'],
  ['metadata', 'generation'],
  ['metadata', 'managedFields'],
  ['metadata', 'resourceVersion'],
);

interface Manager {
  readonly entry: Omit<ManagedFieldsEntry, 'fieldsV1'>;
  fields: FieldSet;
}

function managersOf(object: KubeObject): Manager[] {
  return (metaOf(object).managedFields ?? []).map(({ fieldsV1, ...entry }) => ({ entry, fields: fromFieldsV1(fieldsV1 ?? {}) }));
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as JsonObject;
  return { ...object, metadata };
}

function withManagers(object: KubeObject, managers: readonly Manager[]): KubeObject {
  const entries = managers
    .map(({ entry, fields }) => ({ entry, fields: difference(fields, UNOWNED) }))
    .filter(({ fields }) => !isEmptySet(fields))
    .sort(byOperationAndTime)
    .map(({ entry, fields }): JsonObject => {
      const { manager, operation, apiVersion, time, subresource } = entry;
      return {
        manager,
        operation,
        apiVersion,
        ...(time === undefined ? {} : { time }),
        fieldsType: 'FieldsV1',
        fieldsV1: toFieldsV1(fields),
        ...(subresource === undefined ? {} : { subresource }),
      };
    });
  const { managedFields: _, ...metadata } = object.metadata as JsonObject;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

function byOperationAndTime(a: Manager, b: Manager): number {
  const key = ({ entry }: Manager) => [
    entry.operation,
    entry.time ?? '',
    entry.manager,
    entry.apiVersion,
    entry.subresource ?? '',
  ];
  const [left, right] = [key(a), key(b)];
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? '';
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

function isSame(entry: Manager['entry'], writer: Writer, operation: 'Apply' | 'Update', apiVersion: string): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === operation &&
    (entry.subresource ?? '') === (writer.subresource ?? '') &&
    // An applier keeps its identity when it uses another API version.
    (operation === 'Apply' || entry.apiVersion === apiVersion)
  );
}

/** Removes the changed fields from all managers except `self`. Returns the managers that would lose fields, for conflicts. */
function settle(
  managers: readonly Manager[],
  self: Manager | undefined,
  changed: FieldSet,
  removed: FieldSet,
): Map<Manager, FieldSet> {
  const conflicts = new Map<Manager, FieldSet>();
  for (const other of managers) {
    if (other === self) continue;
    const lost = intersection(other.fields, changed);
    if (!isEmptySet(lost)) conflicts.set(other, lost);
    other.fields = difference(difference(other.fields, lost), removed);
  }
  return conflicts;
}

/** Ownership after a create, update or patch: the writer owns the changed fields. */
export function recordUpdate(
  schema: Schema,
  before: KubeObject,
  after: KubeObject,
  writer: Writer,
  ignored: FieldSet,
): KubeObject {
  const apiVersion = after.apiVersion as string;
  // A client that sends managedFields edits the list itself; an empty list resets it.
  const managers = managersOf(metaOf(after).managedFields ? after : before);
  const [old, next] = [withoutManagedFields(before), withoutManagedFields(after)];
  const { added, modified, removed } = compare(schema, old, next);
  const changed = withoutSubtrees(union(added, modified), ignored);
  settle(managers, undefined, changed, withoutSubtrees(removed, ignored));
  const own = difference(changed, UNOWNED);
  if (!isEmptySet(own)) {
    const index = managers.findIndex(({ entry }) => isSame(entry, writer, 'Update', apiVersion));
    const previous = managers[index];
    const { manager, subresource, time } = writer;
    const fields = previous ? union(previous.fields, own) : own;
    const entry = {
      manager,
      operation: 'Update' as const,
      apiVersion,
      time,
      fieldsType: 'FieldsV1' as const,
      ...(subresource === undefined ? {} : { subresource }),
    };
    if (previous) managers.splice(index, 1);
    managers.push({ entry, fields });
  }
  return withManagers(after, managers);
}

export interface Applied {
  readonly object: KubeObject;
  /** The object as it would be before defaults and ownership. */
  readonly changed: boolean;
}

/**
 * Server-side apply of `config` to `live` (an empty object if there is none). Throws ApiError 409 if another manager owns a field that
 * would change, unless `force`.
 */
export function applyConfig(
  schema: Schema,
  live: KubeObject,
  config: KubeObject,
  writer: Writer,
  options: { readonly force: boolean; readonly ignored: FieldSet },
): Applied {
  const apiVersion = config.apiVersion as string;
  const managers = managersOf(live);
  const before = withoutManagedFields(live);
  let self = managers.find(({ entry }) => isSame(entry, writer, 'Apply', apiVersion));
  const lastSet = self?.fields;
  const configured = withoutSubtrees(fieldSetOf(schema, config), options.ignored);
  const set = difference(configured, UNOWNED);
  const { manager, subresource, time } = writer;
  const entry = {
    manager,
    operation: 'Apply' as const,
    apiVersion,
    time,
    fieldsType: 'FieldsV1' as const,
    ...(subresource === undefined ? {} : { subresource }),
  };
  const merged = merge(schema, before, config);
  // The new set counts as owned while pruning, so that applied fields stay, as does the name, which has no owner afterwards.
  const owners = managers.filter((other) => other !== self).map(({ fields }) => fields);
  const result = lastSet ? prune(schema, merged, lastSet, [...owners, configured]) : merged;

  const { added, modified, removed } = compare(schema, before, result);
  const conflicts = settle(
    managers,
    self,
    withoutSubtrees(union(added, modified), options.ignored),
    withoutSubtrees(removed, options.ignored),
  );
  if (conflicts.size > 0 && !options.force) throw conflictError(conflicts);
  const sameSet = lastSet !== undefined && equalSets(difference(lastSet, UNOWNED), set);
  const same = equal(before, result) && sameSet && self?.entry.apiVersion === apiVersion;
  if (self) managers.splice(managers.indexOf(self), 1);
  self = { entry: same && self ? self.entry : entry, fields: set };
  managers.push(self);
  return { object: withManagers(withoutEmptied(result, config) as KubeObject, managers), changed: !same };
}

/** Removes the fields that the manager no longer applies, unless another manager owns them. */
function prune(schema: Schema, merged: Json, lastSet: FieldSet, owners: readonly FieldSet[]): Json {
  const last = withNamedFields(schema, lastSet);
  const pruned = removeFields(schema, merged, last);
  const owned = withNamedFields(schema, owners.reduce(union, emptySet()));
  const all = withNamedFields(schema, fieldSetOf(schema, merged));
  const left = withNamedFields(schema, fieldSetOf(schema, pruned));
  const withOwned = removeFields(schema, merged, difference(all, union(left, owned)));
  const kept = withNamedFields(schema, fieldSetOf(schema, withOwned));
  return removeFields(schema, merged, intersection(difference(all, kept), last));
}

function conflictError(conflicts: ReadonlyMap<Manager, FieldSet>): ApiError {
  const identity = ({ entry: { manager, operation, apiVersion } }: Manager) => JSON.stringify([manager, operation, apiVersion]);
  const inOrder = [...conflicts].sort(([a], [b]) => (identity(a) < identity(b) ? -1 : 1));
  const causes = inOrder.flatMap(([{ entry }, fields]) => {
    const using = entry.operation === 'Update' ? ` using ${entry.apiVersion}` : '';
    const sub = entry.subresource ? ` with subresource "${entry.subresource}"` : '';
    const message = `conflict with "${entry.manager}"${sub}${using}`;
    return pathsOf(fields).map((field) => ({ reason: 'FieldManagerConflict', message, field }));
  });
  const [first] = causes;
  const lines = [...Map.groupBy(causes, ({ message }) => message)].map(([message, list]) => {
    const plural = message.replace(/^conflict /, 'conflicts ');
    return `${plural}:\n${list.map(({ field }) => `- ${field}`).join('\n')}`;
  });
  const text = causes.length === 1 && first ? `${first.message}: ${first.field}` : lines.join('\n');
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  return new ApiError(409, 'Conflict', `Apply failed with ${count}: ${text}`, { causes });
}
