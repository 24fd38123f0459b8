import { asFluxError, type Logger } from '../base/index.ts';
import { parseResourceId } from '../resource/index.ts';
import { accessibleNamespaces } from './accessible-namespaces.ts';
import type { AllowedNamespaces, Part } from './allowed-namespaces.ts';
import { type ApiResource, kindName } from './api-resource.ts';
import type { Directory, Discovery } from './discovery.ts';
import { listPages } from './live.ts';
import type { Told } from './told.ts';
import type { Transport } from './transport.ts';
import type { ClusterWorkload, WorkloadFilter } from './types.ts';
import { isCurrent, type Views } from './views.ts';
import { workloadOf } from './workload-state.ts';

export interface WorkloadDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly views: Views;
  readonly allowed: AllowedNamespaces;
  readonly log: Logger;
  readonly told: Told;
}

/** The workload kinds with the API that is read; a kind whose API is missing has no workloads. */
const WORKLOAD_APIS = [
  ['apps', 'v1', 'Deployment'],
  ['apps', 'v1', 'DaemonSet'],
  ['apps', 'v1', 'StatefulSet'],
  ['batch', 'v1', 'CronJob'],
  ['helm.fluxcd.io', 'v1', 'HelmRelease'],
] as const;

const DIRECTORY_MAX_AGE_MS = 300_000;

/**
 * Workloads as they run, trimmed to what listing and updates need. Kinds that may not be listed, and allowed namespaces that may not be
 * looked at, are left out with a warning.
 */
export async function listWorkloads(
  deps: WorkloadDeps,
  filter: WorkloadFilter,
  signal?: AbortSignal,
): Promise<readonly ClusterWorkload[]> {
  const directory = await deps.discovery.look(DIRECTORY_MAX_AGE_MS, signal);
  const { kinds, namespace } = reach(filter);
  const places = await accessibleNamespaces(namespace, deps, signal);
  const parts = resourcesOf(directory, kinds).flatMap((resource) => places.map((place) => ({ resource, namespace: place })));
  const lists = await Promise.all(parts.map((part) => listPart(deps, part, directory, namespace, signal)));
  const ids = filter.ids && new Set(filter.ids);
  return lists.flat().filter(({ id }) => ids === undefined || ids.has(id));
}

/** As little as has to be listed: the kinds asked for, in the one namespace when there is only one. */
function reach({ namespace, ids }: WorkloadFilter): { readonly kinds?: ReadonlySet<string>; readonly namespace?: string } {
  if (ids === undefined) return namespace === undefined ? {} : { namespace };
  const parts = ids.map(parseResourceId);
  const namespaces = new Set(parts.map((each) => each.namespace));
  const [only] = namespaces;
  const inside = namespace ?? (namespaces.size === 1 ? only : undefined);
  return { kinds: new Set(parts.map(({ kind }) => kind)), ...(inside === undefined ? {} : { namespace: inside }) };
}

function resourcesOf(directory: Directory, kinds: ReadonlySet<string> | undefined): readonly ApiResource[] {
  return WORKLOAD_APIS.flatMap(([group, version, kind]) => {
    if (kinds && !kinds.has(kind.toLowerCase())) return [];
    const resource = directory.find(group, version, kind);
    return resource ? [resource] : [];
  });
}

/** `namespace` is the one asked for, undefined for all. */
async function listPart(
  { transport, views, log, told }: WorkloadDeps,
  part: Part,
  directory: Directory,
  namespace: string | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly ClusterWorkload[]> {
  const { resource } = part;
  const inside = part.namespace ?? namespace;
  const subject = `workloads ${kindName(resource)} ${inside ?? ''}`;
  try {
    const view = views.open(part, directory);
    if (view && (await isCurrent(view, signal ? { signal } : {}))) {
      told.over(subject);
      return [...view.all()].flatMap(({ live, workload }) =>
        workload && (inside === undefined || live.namespace === inside) ? [workload] : [],
      );
    }
    const trim = (item: Readonly<Record<string, unknown>>) => workloadOf(resource.kind, item) ?? [];
    const found = await listPages(transport, resource, 'whole', trim, { namespace: inside, signal });
    told.over(subject);
    return found.items.flat();
  } catch (thrown) {
    const error = asFluxError(thrown, { code: 'cluster/list-failed' });
    if (error.code === 'cluster/forbidden') {
      if (told.isNews(subject, error.message))
        log.warn({ resource: kindName(resource), namespace: inside, err: error.message }, 'not allowed to list resources');
      return [];
    }
    // Its API went away since we looked.
    if (error.code === 'cluster/unknown-resource') return [];
    throw error;
  }
}
