import { FluxError } from '../../base/index.ts';
import {
  formatApiVersion,
  formatResourceId,
  isBuiltInGroup,
  type KubeObject,
  type Manifest,
  objectKey,
  parseApiVersion,
  type ResourceId,
} from '../../resource/index.ts';
import { type ApiResource, hasKind, isPathSegment } from '../discovery/api-resource.ts';
import type { DefinedKinds } from '../discovery/crd.ts';
import type { Directory } from '../discovery/discovery.ts';
import type { AllowedNamespaces } from './allowed-namespaces.ts';

/** The location of a manifest in this cluster. */
export interface Target {
  readonly manifest: Manifest;
  readonly id: ResourceId;
  /** The key of the object, independent of its version. */
  readonly key: string;
  readonly resource: ApiResource;
  /** Effective namespace; undefined for cluster-scoped kinds. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** The definition in the same set that the kind needs. */
  readonly needsCrd?: string;
}

/** A manifest that cannot be located in this cluster, and why. */
export interface Unplaced {
  readonly manifest: Manifest;
  readonly id: ResourceId;
  readonly error: FluxError;
  /** Whether the kind is unknown, so that a new discovery may find it. */
  readonly unknownKind?: true;
}

/** A manifest outside the namespaces that Flux is restricted to. */
export interface Excluded {
  readonly manifest: Manifest;
  readonly id: ResourceId;
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly reason: string;
}

/** The result of locating a manifest. */
export type Placed = Target | Unplaced | Excluded;

export interface Scope {
  readonly directory: Directory;
  readonly defined: DefinedKinds;
  readonly defaultNamespace: string;
  readonly allowed: AllowedNamespaces;
}

export function isPlaced(each: Placed): each is Target {
  return 'key' in each;
}

export function isExcluded(each: Placed): each is Excluded {
  return 'reason' in each;
}

/** Resolves kind and effective namespace of a manifest: by discovery first, then by definitions in the same set. */
export function place(manifest: Manifest, scope: Scope): Placed {
  const { object } = manifest;
  const refuse = (message: string, help: string): Unplaced => ({
    manifest,
    id: idAsWritten(object),
    error: new FluxError(message, { code: 'cluster/bad-manifest', fault: 'user', help }),
  });
  if (!hasKind(object)) return refuse('manifest lacks apiVersion or kind', 'Set both, as text.');
  const { name, namespace } = object.metadata ?? {};
  if (!isPathSegment(name)) {
    return refuse(
      `metadata.name of ${object.kind} is missing or invalid`,
      'Every object in Git needs a name; metadata.generateName cannot be kept in sync.',
    );
  }
  const found = findKind(object, scope);
  if (!found) {
    return {
      manifest,
      id: idAsWritten(object),
      unknownKind: true,
      error: unknownKind(object, scope),
    };
  }
  const { resource, needsCrd } = found;
  if (namespace !== undefined && namespace !== null && typeof namespace !== 'string') {
    return refuse(`metadata.namespace of ${object.kind} ${name} is not text`, 'Put it in quotes.');
  }
  const effective = resource.namespaced ? namespace || scope.defaultNamespace : undefined;
  if (effective !== undefined && !isPathSegment(effective)) {
    return refuse(
      `metadata.namespace of ${object.kind} ${name} is invalid`,
      'Names of namespaces consist of lower-case letters, digits and -.',
    );
  }
  const id = formatResourceId({ namespace: effective, kind: object.kind, name });
  if (!scope.allowed.allows(resource, effective, name)) {
    return {
      manifest,
      id,
      resource,
      namespace: effective,
      reason: `namespace ${effective ?? name} is not among those of --k8s-allow-namespace`,
    };
  }
  return {
    manifest,
    id,
    key: keyOf(resource, effective, name),
    resource,
    namespace: effective,
    name,
    ...(needsCrd === undefined ? {} : { needsCrd }),
  };
}

/** The kind of an object and, if it comes from a definition in the set, that definition. */
export function findKind(
  object: KubeObject,
  { directory, defined }: Pick<Scope, 'directory' | 'defined'>,
): { readonly resource: ApiResource; readonly needsCrd?: string } | undefined {
  const { group, version } = parseApiVersion(object.apiVersion);
  const served = directory.find(group, version, object.kind);
  if (served) return { resource: served };
  const custom = defined.get(`${group}/${version}/${object.kind}`);
  return custom && { resource: custom.resource, needsCrd: custom.crd };
}

/** The error for an unknown kind: names the served version if the manifest's is not served; otherwise a definition may be missing. */
function unknownKind({ apiVersion, kind }: KubeObject, { directory, defined }: Pick<Scope, 'directory' | 'defined'>): FluxError {
  const options = { code: 'cluster/unknown-kind', fault: 'user' } as const;
  const { group } = parseApiVersion(apiVersion);
  const served = [...directory.served(kind), ...[...defined.values()].map(({ resource }) => resource)]
    .filter((resource) => resource.kind === kind)
    .sort((a, b) => Number(b.group === group) - Number(a.group === group))
    // Between groups of Kubernetes itself kinds have moved: `extensions`, `apps`, `networking.k8s.io`.
    .find((resource) => resource.group === group || (isBuiltInGroup(group) && isBuiltInGroup(resource.group)));
  if (!served)
    return new FluxError(`no kind ${kind} in apiVersion ${apiVersion} in this cluster; is its CRD installed?`, {
      ...options,
      help: 'Add the CustomResourceDefinition to the repository, or correct apiVersion and kind. The object is applied as soon as the cluster serves the kind.',
    });
  const version = apiVersionOf(served);
  return new FluxError(`${kind} is not served as ${apiVersion} in this cluster, but as ${version}`, {
    ...options,
    help: `Change apiVersion to ${version}, and adapt the fields to that version (kubectl explain ${kind} --api-version=${version}).`,
  });
}

export function keyOf(resource: ApiResource, namespace: string | undefined, name: string): string {
  const { group, version, kind } = resource;
  return objectKey({ group, version, kind, name, ...(namespace === undefined ? {} : { namespace }) });
}

function idAsWritten({ kind, metadata }: KubeObject): ResourceId {
  const namespace = typeof metadata?.namespace === 'string' ? metadata.namespace : undefined;
  return formatResourceId({ namespace, kind: String(kind), name: String(metadata?.name ?? '') });
}

/** `apps/v1`, for messages. */
export function apiVersionOf(resource: ApiResource): string {
  return formatApiVersion(resource);
}
