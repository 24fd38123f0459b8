import { LRUCache } from 'lru-cache';
import { asFluxError, type ChangedOnly, type Logger } from '../../base/index.ts';
import {
  type ClusterWorkload,
  isFluxV1Workload,
  parseResourceId,
  type ResourceId,
  type WorkloadFilter,
} from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, kindName } from '../discovery/api-resource.ts';
import { DIRECTORY_MAX_AGE_MS, type Directory, type Discovery } from '../discovery/discovery.ts';
import { listPages } from '../object/live.ts';
import { MARK_LABEL } from '../object/ownership.ts';
import { accessibleNamespaces } from '../scope/accessible-namespaces.ts';
import type { AllowedNamespaces, Part } from '../scope/allowed-namespaces.ts';
import { isCurrent, type View, type Views } from '../watch/views.ts';
import { workloadOf } from './workload.ts';

export interface WorkloadDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly views: Views;
  readonly allowed: AllowedNamespaces;
  readonly log: Logger;
  readonly changedOnly: ChangedOnly;
  /** The other kinds of workloads of which Git has some. */
  readonly wanted: () => Iterable<ApiResource>;
}

/** Flux v1's kinds of workloads with the API that is read; a kind whose API is missing has no workloads. */
const FLUX_V1_APIS = [
  ['apps', 'v1', 'Deployment'],
  ['apps', 'v1', 'DaemonSet'],
  ['apps', 'v1', 'StatefulSet'],
  ['batch', 'v1', 'CronJob'],
  ['helm.fluxcd.io', 'v1', 'HelmRelease'],
] as const;

/** Answers that are kept, by what was asked for. */
const KEPT_ANSWERS = 100;

export type ListWorkloads = (filter: WorkloadFilter, signal?: AbortSignal) => Promise<readonly ClusterWorkload[]>;

interface Answer {
  readonly lists: readonly (readonly ClusterWorkload[])[];
  readonly workloads: readonly ClusterWorkload[];
}

/**
 * Lists running workloads, reduced to the data for listings and updates: of Flux v1's kinds all, of others those from Git. Kinds that may not be listed, and inaccessible allowed namespaces,
 * are omitted with a warning. While the watched objects are unchanged, the same query returns the identical array, so that derived data
 * can be cached.
 */
export function createWorkloadLister(deps: WorkloadDeps): ListWorkloads {
  const inView = new WeakMap<View, { readonly version: number; readonly workloads: readonly ClusterWorkload[] }>();
  const answers = new LRUCache<string, Answer>({ max: KEPT_ANSWERS });

  return async (filter, signal) => {
    const directory = await deps.discovery.look(DIRECTORY_MAX_AGE_MS, signal);
    const { kinds, namespace } = reach(filter);
    const places = await accessibleNamespaces(namespace, deps, signal);
    const resources = [...fluxV1Resources(directory), ...deps.wanted()].filter(
      ({ kind }) => !kinds || kinds.has(kind.toLowerCase()),
    );
    const parts = resources.flatMap((resource) => places.map((place) => ({ resource, namespace: place })));
    const lists = await Promise.all(parts.map((part) => listPart(part, directory, namespace, signal)));

    const question = JSON.stringify([filter.namespace, filter.ids]);
    const known = answers.get(question);
    if (known?.lists.length === lists.length && lists.every((list, index) => list === known.lists[index])) return known.workloads;
    const workloads = filter.ids === undefined ? within(namespace, lists.flat()) : inOrder(filter.ids, lists.flat());
    answers.set(question, { lists, workloads });
    return workloads;
  };

  /** `namespace` is the one asked for, undefined for all; the list may hold more. */
  async function listPart(
    part: Part,
    directory: Directory,
    namespace: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<readonly ClusterWorkload[]> {
    const { resource } = part;
    const inside = part.namespace ?? namespace;
    return unlessForbidden(deps, resource, inside, async () => {
      const view = deps.views.open(part, directory);
      if (view && (await isCurrent(view, signal ? { signal } : {}))) return workloadsOf(view);
      const trim = (item: Readonly<Record<string, unknown>>) => workloadOf(resource, item) ?? [];
      const selected = isFluxV1Workload(resource) ? {} : { labelSelector: MARK_LABEL };
      const found = await listPages(deps.transport, resource, 'whole', trim, { ...selected, namespace: inside, signal });
      return found.items.flat();
    });
  }

  function workloadsOf(view: View): readonly ClusterWorkload[] {
    const version = view.version();
    const known = inView.get(view);
    if (known?.version === version) return known.workloads;
    const workloads = [...view.all()].flatMap(({ workload }) => workload ?? []);
    inView.set(view, { version, workloads });
    return workloads;
  }
}

function within(namespace: string | undefined, workloads: readonly ClusterWorkload[]): readonly ClusterWorkload[] {
  return workloads.filter(({ id }) => namespace === undefined || id.startsWith(`${namespace}:`));
}

/** Those asked for by id, in the order of the question, each once. */
function inOrder(ids: readonly ResourceId[], workloads: readonly ClusterWorkload[]): readonly ClusterWorkload[] {
  const places = new Map([...new Set(ids)].map((id, place) => [id, place]));
  const placed = workloads.flatMap((workload) => {
    const place = places.get(workload.id);
    return place === undefined ? [] : { workload, place };
  });
  return placed.sort((a, b) => a.place - b.place).map(({ workload }) => workload);
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

/** Flux v1's kinds of workloads that the API server serves. */
export function fluxV1Resources(directory: Directory): readonly ApiResource[] {
  return FLUX_V1_APIS.flatMap(([group, version, kind]) => directory.find(group, version, kind) ?? []);
}

/** A list, or an empty one if the kind is forbidden or not served; a missing right is logged once. */
export async function unlessForbidden<T>(
  { log, changedOnly }: Pick<WorkloadDeps, 'log' | 'changedOnly'>,
  resource: ApiResource,
  namespace: string | undefined,
  list: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const subject = `workloads ${kindName(resource)} ${namespace ?? ''}`;
  try {
    const found = await list();
    changedOnly.recovered(subject);
    return found;
  } catch (thrown) {
    const error = asFluxError(thrown, { code: 'cluster/list-failed' });
    if (error.code === 'cluster/forbidden') {
      if (changedOnly.hasChanged(subject, error.message))
        log.warn({ resource: kindName(resource), namespace, err: error.message }, 'not allowed to list resources');
      return NONE;
    }
    // Its API went away since we looked.
    if (error.code === 'cluster/unknown-resource') return NONE;
    throw error;
  }
}

/** Always the same one, so that it counts as unchanged. */
const NONE: readonly never[] = [];
