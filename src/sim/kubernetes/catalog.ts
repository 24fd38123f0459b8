import type { JsonObject } from './json.ts';
import { createTypeTable, type Schema } from './schema.ts';
import schemaData from './schema-data.json' with { type: 'json' };

/** One kind in one version. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: Readonly<Record<string, Subresource>>;
  readonly schema: Schema;
  readonly listKind: string;
  /** Set for kinds of a CustomResourceDefinition. */
  readonly custom?: CustomTraits;
}

export interface Subresource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export interface CustomTraits {
  /** Locations of replicas for /scale: JSON paths without the leading dot. */
  readonly scale?: { readonly spec: string; readonly status: string; readonly selector?: string };
  readonly columns: readonly JsonObject[];
}

export interface Catalog {
  readonly kubernetesVersion: string;
  find(group: string, version: string, plural: string): Resource | undefined;
  /** Any served version of a kind. */
  findKind(group: string, version: string, kind: string): Resource | undefined;
  all(): readonly Resource[];
  /** Replaces the kinds of the definition `name`; an empty list removes them. */
  setCustom(name: string, resources: readonly Resource[]): void;
}

/** Storage key of a resource, independent of the requested version. */
export function storageKey(resource: Pick<Resource, 'group' | 'plural'>): string {
  return `${resource.group}/${resource.plural}`;
}

export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Built-in kinds from schema-data.json, which tools/generate-sim-schema.mjs generates from a real API server. */
export function createCatalog(): Catalog & { readonly objectMeta: Schema } {
  const data = schemaData as {
    kubernetesVersion: string;
    resources: (Omit<Resource, 'schema' | 'listKind'> & { type?: string })[];
    types: JsonObject;
  };
  const types = createTypeTable(data.types);
  const builtIn = data.resources
    // Reviews, bindings and the like only answer requests and are not stored.
    .filter(({ verbs, type }) => type !== undefined && verbs.includes('get') && verbs.includes('list'))
    .map(
      ({ type, ...resource }): Resource => ({ ...resource, listKind: `${resource.kind}List`, schema: types.named(type ?? '') }),
    );
  const custom = new Map<string, readonly Resource[]>();
  const all = () => [...builtIn, ...[...custom.values()].flat()];
  const key = (group: string, version: string, name: string) => `${group}/${version}/${name}`;
  let byPlural = new Map<string, Resource>();
  let byKind = new Map<string, Resource>();
  const index = () => {
    byPlural = new Map(all().map((resource) => [key(resource.group, resource.version, resource.plural), resource]));
    byKind = new Map(all().map((resource) => [key(resource.group, resource.version, resource.kind), resource]));
  };
  index();
  return {
    kubernetesVersion: data.kubernetesVersion,
    objectMeta: types.named('meta.v1.ObjectMeta'),
    find: (group, version, plural) => byPlural.get(key(group, version, plural)),
    findKind: (group, version, kind) => byKind.get(key(group, version, kind)),
    all,
    setCustom: (name, resources) => {
      if (resources.length === 0) custom.delete(name);
      else custom.set(name, resources);
      index();
    },
  };
}
