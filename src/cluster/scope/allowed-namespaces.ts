import { type ApiResource, kindKey } from '../discovery/api-resource.ts';

/** The unit of lists and watches: one kind, or one kind in one namespace if Flux is restricted to some. */
export interface Part {
  readonly resource: ApiResource;
  /** Undefined for all objects of the kind. For a Namespace it is its name. */
  readonly namespace: string | undefined;
}

/** The key of a part, independent of the kind's version. */
export function partKey({ resource, namespace }: Part): string {
  return namespace === undefined ? kindKey(resource) : `${kindKey(resource)} in ${namespace}`;
}

/** The part of the cluster that Flux may touch: everything, or the namespaces of --k8s-allow-namespace. */
export interface AllowedNamespaces {
  /** Undefined without a restriction. */
  readonly names: readonly string[] | undefined;
  /**
   * The single check (S-095) for every path that applies, lists, deletes or reads an object. Flux v1's rule: cluster-scoped kinds are
   * allowed, except Namespace, which is allowed by its name.
   */
  allows(resource: Pick<ApiResource, 'group' | 'plural' | 'namespaced'>, namespace: string | undefined, name: string): boolean;
  partsOf(resource: ApiResource): readonly Part[];
  /** The part of an allowed object. */
  partOf(resource: ApiResource, namespace: string | undefined, name: string): Part;
}

/** Without names there is no restriction. */
export function createAllowedNamespaces(names: readonly string[]): AllowedNamespaces {
  const allowed = new Set(names);
  if (allowed.size === 0) {
    return {
      names: undefined,
      allows: () => true,
      partsOf: (resource) => [{ resource, namespace: undefined }],
      partOf: (resource) => ({ resource, namespace: undefined }),
    };
  }
  return {
    names: [...allowed],
    allows(resource, namespace, name) {
      if (resource.namespaced) return namespace !== undefined && allowed.has(namespace);
      return !isNamespace(resource) || allowed.has(name);
    },
    partsOf: (resource) =>
      isLimited(resource) ? [...allowed].map((namespace) => ({ resource, namespace })) : [{ resource, namespace: undefined }],
    partOf(resource, namespace, name) {
      const limited = isNamespace(resource) ? name : namespace;
      return { resource, namespace: isLimited(resource) ? limited : undefined };
    },
  };
}

/** Namespace kinds: an OpenShift Project is a view of one. */
export function isNamespace({ group, plural }: Pick<ApiResource, 'group' | 'plural'>): boolean {
  return (group === '' && plural === 'namespaces') || (group === 'project.openshift.io' && plural === 'projects');
}

function isLimited(resource: ApiResource): boolean {
  return resource.namespaced || isNamespace(resource);
}
