import { apiVersionOf, type Catalog, type Resource } from './catalog.ts';
import type { JsonObject } from './json.ts';

/**
 * The part of OpenAPI that kubectl reads before it writes: the kinds, and that the server supports `fieldValidation` and `dryRun`. Types
 * are not published; the server enforces them.
 */
const QUERY = ['dryRun', 'fieldManager', 'fieldValidation', 'force'];

function pathOf(resource: Resource): string {
  const root = resource.group === '' ? '/api' : '/apis';
  return `${root}/${apiVersionOf(resource)}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}/{name}`;
}

function kindOf({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
}

export function openApiV3Index(catalog: Catalog): JsonObject {
  const names = new Set(catalog.all().map((resource) => `${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`));
  return { paths: Object.fromEntries([...names].map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}` }])) };
}

export function openApiV3(catalog: Catalog, group: string, version: string): JsonObject | undefined {
  const resources = catalog.all().filter((resource) => resource.group === group && resource.version === version);
  if (resources.length === 0) return undefined;
  const parameters = QUERY.map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } }));
  const paths = resources.map((resource) => {
    const operation = { parameters, 'x-kubernetes-group-version-kind': kindOf(resource) };
    return [pathOf(resource), { patch: operation, put: operation }] as const;
  });
  const schemas = resources.map((resource) => [
    `${group || 'core'}.${version}.${resource.kind}`,
    { type: 'object', 'x-kubernetes-group-version-kind': [kindOf(resource)] },
  ]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: catalog.kubernetesVersion },
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

/**
 * The version 2 document as protobuf, the only form that kubectl requests: an empty message, since kubectl reads it only for kinds that
 * version 3 lacks.
 */
export const OPENAPI_V2 = { type: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf', body: Buffer.alloc(0) };
