import { isObject, type Json, type JsonObject } from './json.ts';

/** The metadata fields that the API server itself reads and writes. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFieldsEntry[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export type ManagedFieldsEntry = {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  /** RFC 3339, whole seconds. */
  time?: string;
  fieldsType: 'FieldsV1';
  fieldsV1: JsonObject;
  subresource?: string;
};

/** An object as stored and served; immutable once stored. */
export type KubeObject = JsonObject;

/** The object's metadata, created if missing. */
export function metaOf(object: KubeObject): JsonObject & ObjectMeta {
  if (!isObject(object.metadata as Json)) object.metadata = {};
  return object.metadata as JsonObject & ObjectMeta;
}
