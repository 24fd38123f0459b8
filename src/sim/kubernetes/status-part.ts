import { apiVersionOf, type Resource } from './catalog.ts';
import { zero } from './decode.ts';
import { emptySet, type FieldSet, setOfFields } from './field-set.ts';
import type { JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';

const MAIN_IGNORES = setOfFields(['status']);
const STATUS_IGNORES = setOfFields(['spec'], ['metadata', 'labels']);

export function ignoredFor(resource: Resource, subresource: string | undefined): FieldSet {
  if (!resource.subresources?.status) return emptySet();
  return subresource === 'status' ? STATUS_IGNORES : MAIN_IGNORES;
}

/** Requests to the main resource keep the status, requests to /status keep everything else. */
export function splitStatus(
  resource: Resource,
  object: KubeObject,
  old: KubeObject,
  subresource: string | undefined,
): KubeObject {
  if (!resource.subresources?.status) return object;
  if (subresource !== 'status') return { ...without(object, 'status'), ...statusOf(old, resource) };
  const metadata = { ...(object.metadata as JsonObject) };
  const { labels } = metaOf(old);
  if (labels) metadata.labels = labels;
  else delete metadata.labels;
  return { ...without(old, 'status'), metadata, ...(object.status === undefined ? {} : { status: object.status }) };
}

export function statusOf(old: KubeObject | undefined, resource: Resource): JsonObject {
  const status = old ? old.status : emptyObject(resource).status;
  return status === undefined ? {} : { status };
}

export function emptyObject(resource: Resource): KubeObject {
  const empty = resource.custom ? { metadata: {} } : (zero(resource.schema) as KubeObject);
  return { ...empty, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

export function without(object: KubeObject, field: string): KubeObject {
  const { [field]: _, ...rest } = object;
  return rest;
}
