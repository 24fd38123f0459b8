import { type ApiResource, kindKey } from '../discovery/api-resource.ts';

/** What is listed and watched by itself: one kind, or one kind in one namespace where Flux is limited to some. */
export interface Part {
  readonly resource: ApiResource;
  /** Undefined for all of the kind. Of a Namespace itself it is the name. */
  readonly namespace: string | undefined;
}

/** The same for the same part, whatever version its kind is written in. */
export function partKey({ resource, namespace }: Part): string {
  return namespace === undefined ? kindKey(resource) : `${kindKey(resource)} in ${namespace}`;
}

/** What of the cluster Flux may touch at all: everything, or what is in the namespaces of --k8s-allow-namespace. */
export interface AllowedNamespaces {
  /** Undefined without a limit. */
  readonly names: readonly string[] | undefined;
  /**
   * The one decision (S-095), asked on every path on which an object is applied, listed, deleted, read or looked up. Flux v1's
   * rule: kinds without namespaces are allowed, except Namespace, which is allowed by its name.
   */
  allows(resource: Pick<ApiResource, 'group' | 'plural' | 'namespaced'>, namespace: string | undefined, name: string): boolean;
  partsOf(resource: ApiResource): readonly Part[];
  /** The part in which an allowed object is. */
  partOf(resource: ApiResource, namespace: string | undefined, name: string): Part;
}

/** No names: no limit. */
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

/** A Namespace by any of its names: an OpenShift Project is a view of one. */
export function isNamespace({ group, plural }: Pick<ApiResource, 'group' | 'plural'>): boolean {
  return (group === '' && plural === 'namespaces') || (group === 'project.openshift.io' && plural === 'projects');
}

function isLimited(resource: ApiResource): boolean {
  return resource.namespaced || isNamespace(resource);
}
