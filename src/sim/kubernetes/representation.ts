import type { Resource } from './catalog.ts';
import { inVersion } from './identity.ts';
import type { JsonObject } from './json.ts';
import type { KubeObject } from './object.ts';
import { ApiError } from './status.ts';
import { partial, tableOf } from './table.ts';

/** The form of objects in a response, by the Accept header: complete, metadata only, or a table. */
export interface Representation {
  readonly as: 'Object' | 'PartialObjectMetadata' | 'Table';
  readonly includeObject: string;
}

/** Selects the first supported form of the Accept header. Throws ApiError 406 if there is none. */
export function representationOf(accept: string | undefined, query: URLSearchParams): Representation {
  const includeObject = query.get('includeObject') ?? 'Metadata';
  for (const part of (accept ?? '*/*').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*' && type !== 'text/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return { as: 'Object', includeObject };
    if (as === 'Table') return { as: 'Table', includeObject };
    if (as.startsWith('PartialObjectMetadata')) return { as: 'PartialObjectMetadata', includeObject };
  }
  throw new ApiError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor',
    {},
  );
}

export function representOne(resource: Resource, object: KubeObject, form: Representation, now: number): JsonObject {
  const served = inVersion(resource, object);
  if (form.as === 'PartialObjectMetadata') return partial(served);
  if (form.as === 'Table') return tableOf(resource, [served], { includeObject: form.includeObject, now, list: {} });
  return served;
}

export function representList(
  resource: Resource,
  objects: readonly KubeObject[],
  metadata: JsonObject,
  form: Representation,
  now: number,
): JsonObject {
  const served = objects.map((object) => inVersion(resource, object));
  if (form.as === 'Table') return tableOf(resource, served, { includeObject: form.includeObject, now, list: metadata });
  const { group, version } = resource;
  if (form.as === 'PartialObjectMetadata')
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: served.map(partial) };
  const apiVersion = group === '' ? version : `${group}/${version}`;
  // Items of built-in lists have no kind and apiVersion.
  const items = resource.custom ? served : served.map(({ apiVersion: _, kind: __, ...rest }) => rest);
  return { kind: resource.listKind, apiVersion, metadata, items };
}
