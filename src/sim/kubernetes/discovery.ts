import { createHash } from 'node:crypto';
import { apiVersionOf, type Catalog, type Resource } from './catalog.ts';
import type { JsonObject } from './json.ts';

/** The classic and the aggregated discovery documents: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */

const byGroup = (resources: readonly Resource[]) => Map.groupBy(resources, ({ group }) => group);

/** Stable versions before betas before alphas, higher before lower. */
function versionsOf(resources: readonly Resource[]): readonly string[] {
  const rank = (version: string) => {
    const [, major = '0', stage, minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
    return [stage === undefined ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor)] as const;
  };
  return [...new Set(resources.map(({ version }) => version))].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return right[0] - left[0] || right[1] - left[1] || right[2] - left[2];
  });
}

export function apiVersions(): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
  };
}

function apiGroup(name: string, resources: readonly Resource[]): JsonObject {
  const versions = versionsOf(resources).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] ?? {} };
}

export function apiGroupList(catalog: Catalog): JsonObject {
  const groups = [...byGroup(catalog.all())].filter(([name]) => name !== '').map(([name, list]) => apiGroup(name, list));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** `/apis/<group>`; undefined if the group is not served. */
export function oneApiGroup(catalog: Catalog, name: string): JsonObject | undefined {
  const resources = catalog.all().filter(({ group }) => group === name);
  return resources.length === 0 ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(name, resources) };
}

/** `/api/v1` and `/apis/<group>/<version>`; undefined if the version is not served. */
export function apiResourceList(catalog: Catalog, group: string, version: string): JsonObject | undefined {
  const found = catalog.all().filter((resource) => resource.group === group && resource.version === version);
  if (found.length === 0) return undefined;
  const resources = found.flatMap((resource) => [
    {
      name: resource.plural,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: [...resource.verbs],
      ...(resource.shortNames ? { shortNames: [...resource.shortNames] } : {}),
      ...(resource.categories ? { categories: [...resource.categories] } : {}),
      storageVersionHash: createHash('sha256').update(`${group}/${resource.kind}`).digest('base64').slice(0, 12),
    },
    ...Object.entries(resource.subresources ?? {}).map(([name, sub]) => ({
      name: `${resource.plural}/${name}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(sub.group === group && sub.version === version ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: [...sub.verbs],
    })),
  ]);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf({ group, version }), resources };
}

/** `/api` (core) or `/apis` (other groups) in the aggregated form, in the requested version of the discovery API. */
export function aggregatedDiscovery(catalog: Catalog, core: boolean, apiVersion: string): JsonObject {
  const items = [...byGroup(catalog.all())]
    .filter(([name]) => (name === '') === core)
    .map(
      ([name, resources]): JsonObject => ({
        metadata: name === '' ? {} : { name },
        versions: versionsOf(resources).map((version) => ({
          version,
          resources: resources.filter((resource) => resource.version === version).map(aggregatedResource),
          freshness: 'Current',
        })),
      }),
    );
  return { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items };
}

function aggregatedResource(resource: Resource): JsonObject {
  const { group, version, kind } = resource;
  return {
    resource: resource.plural,
    // As in the real document, the group and version of the enclosing list are omitted.
    responseKind: { group: resource.custom ? group : '', version: resource.custom ? version : '', kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: [...resource.verbs],
    ...(resource.shortNames ? { shortNames: [...resource.shortNames] } : {}),
    ...(resource.categories ? { categories: [...resource.categories] } : {}),
    ...(resource.subresources
      ? {
          subresources: Object.entries(resource.subresources).map(([subresource, sub]) => ({
            subresource,
            responseKind: {
              group: sub.group === group ? (resource.custom ? group : '') : sub.group,
              version: sub.group === group ? (resource.custom ? version : '') : sub.version,
              kind: sub.kind,
            },
            verbs: [...sub.verbs],
          })),
        }
      : {}),
  };
}
