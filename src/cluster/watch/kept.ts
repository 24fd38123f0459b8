import { LRUCache } from 'lru-cache';
import { type ClusterWorkload, IGNORE_ANNOTATIONS, isFields, objectKey } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { type Seen, seenOf } from '../health/seen.ts';
import { type LiveObject, type LostFields, type ManagedFields, metadataOf } from '../object/live.ts';
import { CHECKSUM_ANNOTATION, fingerprint, isAllOurs, MARK_LABEL } from '../object/ownership.ts';
import { scaleHolder } from '../object/scale.ts';
import { PRUNE_ANNOTATION } from '../prune/precious.ts';
import { workloadOf } from '../workload/workload.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What stays in memory of an object that is watched: a few hundred bytes of the kilobytes that come. */
export interface Kept {
  readonly live: LiveObject;
  /** Of kinds that are watched whole. */
  readonly workload?: ClusterWorkload;
  /** How it is; for marked objects of kinds that are watched whole. */
  readonly seen?: Seen;
}

/** Called while the complete metadata is available: which of our fields are missing; undefined for an object without expectations. */
export type FindLost = (key: string, live: LiveObject, print: string) => LostFields | undefined;

/** Reduces an object as it arrives to what plans, garbage collection and listings read of it. */
export function keep(resource: ApiResource, object: Fields, manager: string, findLost: FindLost): Kept {
  const live = slim(metadataOf(object), manager, (whole, print) => findLost(keyOf(resource, whole), whole, print));
  return object.spec === undefined && object.status === undefined ? { live } : withWorkload(live, resource, object);
}

function withWorkload(live: LiveObject, resource: ApiResource, object: Fields): Kept {
  const workload = workloadOf(resource, object);
  const isMarked = live.labels?.[MARK_LABEL] !== undefined;
  return { live, ...(workload ? { workload } : {}), ...(isMarked ? { seen: seenOf(resource, object) } : {}) };
}

function keyOf({ group, version, kind, namespaced }: ApiResource, { namespace, name }: LiveObject): string {
  return objectKey({ group, version, kind, name, ...(namespaced && namespace !== undefined ? { namespace } : {}) });
}

function slim(
  whole: LiveObject,
  manager: string,
  findLost: (whole: LiveObject, print: string) => LostFields | undefined,
): LiveObject {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp, labels, annotations, ownerReferences } = whole;
  const print = fingerprint(whole, manager);
  const lost = findLost(whole, print);
  const mark = labels?.[MARK_LABEL];
  const kept = Object.entries(annotations ?? {}).filter(([key]) => KEPT_ANNOTATIONS.has(key));
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(mark === undefined ? {} : { labels: { [MARK_LABEL]: mark } }),
    ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
    ...(ownerReferences === undefined ? {} : { ownerReferences: ownerReferences.map(onlyUid) }),
    managedFields: isAllOurs(whole, manager) ? ownFields(manager, scaleHolder(whole)) : (whole.managedFields ?? []),
    fingerprint: print,
    ...(lost === undefined ? {} : { lost }),
  };
}

const KEPT_ANNOTATIONS: ReadonlySet<string> = new Set([CHECKSUM_ANNOTATION, PRUNE_ANNOTATION, ...IGNORE_ANNOTATIONS]);

function onlyUid(reference: unknown): unknown {
  return isFields(reference) ? { uid: reference.uid } : {};
}

/** Shared by all objects that are ours: of their field sets only this is read again. Bounded, as who scales may call itself anything. */
const OWN_FIELDS = new LRUCache<string, readonly ManagedFields[]>({ max: 1000 });

function ownFields(manager: string, scaler: string | undefined): readonly ManagedFields[] {
  const key = `${manager}\0${scaler ?? ''}`;
  const known = OWN_FIELDS.get(key);
  if (known) return known;
  const own: ManagedFields = {
    manager,
    operation: 'Apply',
    fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${MARK_LABEL}`]: {} } } },
  };
  const scale: ManagedFields = {
    manager: scaler ?? '',
    subresource: 'scale',
    operation: 'Update',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  };
  const fields = scaler === undefined ? [own] : [own, scale];
  OWN_FIELDS.set(key, fields);
  return fields;
}
