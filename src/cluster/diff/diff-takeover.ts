import { isDeepStrictEqual } from 'node:util';
import { isFields } from '../../resource/index.ts';
import { takenOver } from '../apply/takeover.ts';
import { childOf, type FieldsV1, unionFields } from '../object/fields-v1.ts';
import { metadataOf } from '../object/live.ts';
import { isAllOurs, ownEntry } from '../object/ownership.ts';
import type { ServerObject } from './flatten.ts';

/** One operation of a JSON Patch (RFC 6902). */
interface PatchOperation {
  readonly op: 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

/** Metadata that users and controllers write. */
const METADATA_FIELDS = ['annotations', 'finalizers', 'labels', 'ownerReferences'];

/**
 * A dry run of an apply does not include the takeover of fields of `kubectl apply`, and so keeps fields that are removed from Git. This is
 * the patch from `live` to `applied`, the result of the dry run, without those fields; a dry run of the patch restores defaults.
 * Undefined if nothing is taken over, or no field is removed by it.
 */
export function patchAfterTakeover(
  live: ServerObject,
  applied: ServerObject,
  manager: string,
): readonly PatchOperation[] | undefined {
  const before = metadataOf(live);
  const taken = takeoverOf(live, manager);
  if (!taken) return undefined;
  const own = ownEntry({ ...before, managedFields: taken }, manager);
  const ours = ownEntry(metadataOf(applied), manager)?.fieldsV1 ?? {};
  const kept = taken.reduce<FieldsV1>((all, entry) => (entry === own ? all : unionFields(all, entry.fieldsV1 ?? {})), ours);
  const wanted: unknown = structuredClone(applied);
  removeFields(wanted, own?.fieldsV1 ?? {}, kept);
  if (!isFields(wanted) || isDeepStrictEqual(wanted, applied)) return undefined;
  const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...fields } = { ...live, ...wanted };
  return [
    ...Object.keys(fields).flatMap((field) => change(`/${segment(field)}`, live[field], wanted[field])),
    ...METADATA_FIELDS.flatMap((field) => change(`/metadata/${field}`, inMetadata(live, field), inMetadata(wanted, field))),
  ];
}

/** The managedFields of the object after the takeover; undefined if there is nothing to take over. */
export function takeoverOf(live: ServerObject, manager: string): ReturnType<typeof takenOver> {
  return isAllOurs(metadataOf(live), manager) ? undefined : takenOver(metadataOf(live), manager);
}

/** Removes the fields of a set from a value, except those of other owners and their parents (structured-merge-diff, prune). */
function removeFields(value: unknown, fields: FieldsV1, kept: FieldsV1): void {
  for (const [element, below] of Object.entries(fields)) {
    const child = element === '.' ? undefined : childOf(value, element);
    if (child === undefined) continue;
    const keptBelow = kept[element];
    if (isFields(keptBelow)) removeFields(child, isFields(below) ? below : {}, keptBelow);
    else if (Array.isArray(value)) value.splice(value.indexOf(child), 1);
    else if (isFields(value)) Reflect.deleteProperty(value, element.slice(2));
  }
}

function change(path: string, from: unknown, to: unknown): readonly PatchOperation[] {
  if (isDeepStrictEqual(from, to)) return [];
  return to === undefined ? [{ op: 'remove', path }] : [{ op: 'add', path, value: to }];
}

function inMetadata(object: ServerObject, field: string): unknown {
  return isFields(object.metadata) ? object.metadata[field] : undefined;
}

/** JSON Pointer (RFC 6901). */
function segment(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1');
}
