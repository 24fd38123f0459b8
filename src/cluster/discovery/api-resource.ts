import type { KubeObject } from '../../resource/index.ts';
import { formatApiVersion } from '../../resource/index.ts';

/** A served kind in one version. */
export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Its name in paths, `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** A kind whose API is known, which needs no discovery. */
export function builtIn(kind: string, plural: string, group = '', version = 'v1'): ApiResource {
  return { group, version, kind, plural, namespaced: true, verbs: ['get', 'list'] };
}

/** The key of a kind independent of its version. */
export function kindKey({ group, kind }: { readonly group: string; readonly kind: string }): string {
  return `${group}/${kind}`;
}

/** `apps/v1 Deployment`, for messages. */
export function kindName({ group, version, kind }: Pick<ApiResource, 'group' | 'version' | 'kind'>): string {
  return `${formatApiVersion({ group, version })} ${kind}`;
}

export function groupVersionPath({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? `/api/${version}` : `/apis/${encodeURIComponent(group)}/${encodeURIComponent(version)}`;
}

export function collectionPath(resource: ApiResource, namespace?: string): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${groupVersionPath(resource)}${scope}/${encodeURIComponent(resource.plural)}`;
}

export function objectPath(resource: ApiResource, namespace: string | undefined, name: string): string {
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
}

/** True for a name that is safe as a path segment; the API server checks the stricter rules of each kind. */
export function isPathSegment(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !/[/%\0]/.test(name);
}

/** True for a value with an API version and a kind. */
export function hasKind(object: KubeObject): boolean {
  return typeof object.apiVersion === 'string' && typeof object.kind === 'string' && object.kind !== '';
}
