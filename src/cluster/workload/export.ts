import { formatApiVersion, type KubeObject } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { DIRECTORY_MAX_AGE_MS } from '../discovery/discovery.ts';
import { confidentialLive } from '../object/confidential.ts';
import { listPages, metadataOf } from '../object/live.ts';
import { accessibleNamespaces } from '../scope/accessible-namespaces.ts';
import { isAddon } from './workload.ts';
import { fluxV1Resources, unlessForbidden, type WorkloadDeps } from './workloads.ts';

export type ExportDeps = Omit<WorkloadDeps, 'views' | 'wanted'>;

/**
 * What `fluxctl save` saves: each namespace, then its workloads, add-ons of the cluster left out (Flux v1). Objects are whole but for
 * `managedFields`. Objects from encrypted files are left out: Git has them. Kinds that may not be listed, and allowed namespaces that may not be looked at, are left out with a warning.
 */
export async function exportObjects(deps: ExportDeps, signal?: AbortSignal): Promise<readonly KubeObject[]> {
  const directory = await deps.discovery.look(DIRECTORY_MAX_AGE_MS, signal);
  const places = await accessibleNamespaces(undefined, deps, signal);
  const namespaceKind = directory.find('', 'v1', 'Namespace');
  const lists = await Promise.all(
    places.flatMap((place) => [
      ...(namespaceKind ? [namespacesAt(deps, namespaceKind, place, signal)] : []),
      ...fluxV1Resources(directory).map((resource) => listWhole(deps, resource, place, signal)),
    ]),
  );
  return inOrder(lists.flat());
}

async function namespacesAt(
  deps: ExportDeps,
  kind: ApiResource,
  place: string | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly KubeObject[]> {
  if (place === undefined) return listWhole(deps, kind, undefined, signal);
  const { body } = await deps.transport.request({ path: `/api/v1/namespaces/${encodeURIComponent(place)}`, signal });
  return [whole(kind, body as Readonly<Record<string, unknown>>)];
}

async function listWhole(
  deps: ExportDeps,
  resource: ApiResource,
  namespace: string | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly KubeObject[]> {
  return unlessForbidden(deps, resource, namespace, async () => {
    const trim = (item: Readonly<Record<string, unknown>>) => {
      const live = metadataOf(item);
      return isAddon(live) || confidentialLive(live) !== undefined ? [] : [whole(resource, item)];
    };
    const { items } = await listPages(deps.transport, resource, 'whole', trim, { namespace, signal });
    return items.flat();
  });
}

/** Items of a list do not repeat what kind they are. */
function whole(resource: ApiResource, item: Readonly<Record<string, unknown>>): KubeObject {
  const { managedFields: _, ...metadata } = metadataOf(item);
  return { ...item, apiVersion: formatApiVersion(resource), kind: resource.kind, metadata };
}

/** Each namespace before what is in it; kinds stay in the order in which they were listed. */
function inOrder(objects: readonly KubeObject[]): readonly KubeObject[] {
  const homeOf = ({ kind, metadata }: KubeObject) => (kind === 'Namespace' ? metadata.name : (metadata.namespace ?? ''));
  const rank = ({ kind }: KubeObject) => (kind === 'Namespace' ? 0 : 1);
  return objects.toSorted((a, b) => {
    const [one, other] = [homeOf(a), homeOf(b)];
    return one === other ? rank(a) - rank(b) : one < other ? -1 : 1;
  });
}
