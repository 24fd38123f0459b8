import { hasCode } from '../../base/index.ts';
import { type PodState, parseResourceId, type ResourceId } from '../../resource/index.ts';
import { createList, type List } from '../connection/list.ts';
import type { Transport } from '../connection/transport.ts';
import { builtIn, isPathSegment, objectPath } from '../discovery/api-resource.ts';
import { fieldsOf } from '../object/fields.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { type NewestTemplate, newestTemplate, type Owner } from './newest-template.ts';
import { podSelectorOf } from './pod-selector.ts';
import { POD, podStateOf } from './pod-state.ts';
import { withPullCauses } from './pull-causes.ts';

/** The kinds of workloads that have pods of their own. */
const KINDS = new Map(
  [
    builtIn('Deployment', 'deployments', 'apps'),
    builtIn('StatefulSet', 'statefulsets', 'apps'),
    builtIn('DaemonSet', 'daemonsets', 'apps'),
    builtIn('Rollout', 'rollouts', 'argoproj.io', 'v1alpha1'),
    builtIn('CloneSet', 'clonesets', 'apps.kruise.io', 'v1alpha1'),
  ].map((each) => [each.kind.toLowerCase(), each]),
);

/**
 * The pods of a workload's newest template, at most `limit`, with why their images cannot be pulled. If one of them runs without being
 * ready, pods of earlier templates follow, again at most `limit`. Empty for a kind without pods of its own, an absent workload, a selector
 * that is not a plain list of labels, or a namespace that is not allowed.
 * @throws FluxError `cluster/forbidden`, `cluster/unreachable` …
 */
export async function readPods(
  id: ResourceId,
  { transport, allowed }: { readonly transport: Pick<Transport, 'request'>; readonly allowed: AllowedNamespaces },
  { limit, signal }: { readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly PodState[]> {
  const { namespace, kind, name } = parseResourceId(id);
  const resource = KINDS.get(kind);
  if (resource === undefined || !isPathSegment(name) || !allowed.allows(POD, namespace, name)) return [];
  const list = createList(transport);
  const podsWith = async (labelSelector: string) =>
    (await list(POD, namespace, { labelSelector, limit: String(limit) }, signal)).map(podStateOf);
  try {
    const { body } = await transport.request({ path: objectPath(resource, namespace, name), signal });
    const object = fieldsOf(body);
    const selector = podSelectorOf(object);
    if (selector === undefined) return [];
    const { pods } = await templateIfAllowed(list, { kind: resource.kind, namespace, object, selector }, signal);
    const newest = await podsWith(pods?.newest ?? selector);
    const earlier = pods && newest.some(runsUnready) ? await podsWith(pods.earlier) : [];
    return [...(await withPullCauses(newest, namespace, list, signal)), ...earlier];
  } catch (error) {
    if (hasCode(error, 'cluster/not-found')) return [];
    throw error;
  }
}

/** Without the right to list revisions, the first pods of any template have to do. */
async function templateIfAllowed(list: List, owner: Owner, signal: AbortSignal | undefined): Promise<NewestTemplate> {
  try {
    return await newestTemplate(list, owner, signal);
  } catch (error) {
    if (hasCode(error, 'cluster/forbidden')) return {};
    throw error;
  }
}

function runsUnready({ ready, ending, containers }: PodState): boolean {
  return !ready && !ending && containers.some((container) => !container.ready && container.now.state === 'running');
}
