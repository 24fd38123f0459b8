import { FluxError } from '../../base/index.ts';
import { type PodState, parseResourceId, type ResourceId } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { collectionPath, isPathSegment } from '../discovery/api-resource.ts';
import { fieldsOf, recordsOf } from '../object/fields.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { podSelectorOf } from './pod-selector.ts';
import { podStateOf } from './pod-state.ts';

/** The kinds of workloads that have pods of their own. */
const PLURALS: ReadonlyMap<string, string> = new Map([
  ['deployment', 'deployments'],
  ['statefulset', 'statefulsets'],
  ['daemonset', 'daemonsets'],
]);

const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, verbs: ['list'] } as const;

/**
 * The pods of a workload, at most `limit`: one read of the workload, for its selector, and one list. Empty for a kind without pods of its
 * own, an absent workload, a selector that is not a plain list of labels, or a namespace that is not allowed.
 * @throws FluxError `cluster/forbidden`, `cluster/unreachable` …
 */
export async function readPods(
  id: ResourceId,
  { transport, allowed }: { readonly transport: Pick<Transport, 'request'>; readonly allowed: AllowedNamespaces },
  { limit, signal }: { readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly PodState[]> {
  const { namespace, kind, name } = parseResourceId(id);
  const plural = PLURALS.get(kind);
  if (plural === undefined || !isPathSegment(name) || !allowed.allows(PODS, namespace, name)) return [];
  const inside = encodeURIComponent(namespace);
  try {
    const workload = await transport.request({ path: `/apis/apps/v1/namespaces/${inside}/${plural}/${name}`, signal });
    const labelSelector = podSelectorOf(fieldsOf(workload.body));
    if (labelSelector === undefined) return [];
    const query = { labelSelector, limit: String(limit) };
    const { body } = await transport.request({ path: collectionPath(PODS, namespace), query, signal });
    return recordsOf(fieldsOf(body).items).map(podStateOf);
  } catch (error) {
    if (error instanceof FluxError && error.code === 'cluster/not-found') return [];
    throw error;
  }
}
