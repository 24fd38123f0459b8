import { type Clock, FluxError } from '../../base/index.ts';
import type { ContentionFacts, Evidence, PodFacts } from '../../change/index.ts';
import { isBuiltInGroup, type KubeObject, parseResourceId, type ResourceId } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, builtIn, isPathSegment } from '../discovery/api-resource.ts';
import type { Directory } from '../discovery/discovery.ts';
import { confidentialLive } from '../object/confidential.ts';
import type { Fields } from '../object/fields.ts';
import { metadataOf } from '../object/live.ts';
import { optional } from '../object/optional-facts.ts';
import { lastForeignManager } from '../object/ownership.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { findKind, keyOf } from '../scope/scope.ts';
import { readAutoscaler } from './autoscaler.ts';
import { readClaims } from './claims.ts';
import { liveFacts, namespaceFacts } from './live-facts.ts';
import { quietEvents, quietPods } from './quiet.ts';
import { createReads, mergeEvents } from './reads.ts';
import { hasPods, workloadPods } from './workload-pods.ts';

export interface InspectRequest {
  readonly id: ResourceId;
  /** Its manifest, which says which of several kinds of a name it is. */
  readonly object?: KubeObject;
  /** Whether to look for an autoscaler. */
  readonly scaled: boolean;
}

export interface InspectDeps {
  readonly transport: Pick<Transport, 'request'>;
  readonly allowed: AllowedNamespaces;
  /** The kinds that the API server serves. */
  readonly directory: (signal: AbortSignal) => Promise<Directory>;
  readonly clock: Pick<Clock, 'deadline'>;
  /** How often we corrected an object, by its key, while corrections back off. */
  readonly corrected: (key: string) => ContentionFacts | undefined;
  /** Our field manager. */
  readonly manager: string;
}

const NAMESPACE = { ...builtIn('Namespace', 'namespaces'), namespaced: false };
/** Pods that do not start whose events are read. */
const TROUBLED_PODS = 2;

/**
 * Reads what explains the state of one object: a few small requests, each with its own deadline. A reading that fails is part of the
 * result.
 */
export async function inspect(
  { id, object: manifest, scaled }: InspectRequest,
  deps: InspectDeps,
  signal: AbortSignal | undefined,
): Promise<Evidence> {
  const { transport, allowed, directory, clock } = deps;
  const { namespace, kind, name } = parseResourceId(id);
  const reads = createReads({ transport, clock }, signal);
  const found = await reads.reading(async (within) => {
    const resource = resourceOf(kind, manifest, await directory(within));
    if (!resource) throw new FluxError(`the cluster does not serve the kind ${kind}`, { code: 'cluster/unknown-kind' });
    const inside = resource.namespaced ? namespace : undefined;
    if (!isPathSegment(name) || !allowed.allows(resource, inside, name))
      throw new FluxError(`${id} is outside of --k8s-allow-namespace`, { code: 'cluster/not-allowed' });
    return { resource, inside, live: await reads.get(resource, inside, name, within) };
  });
  if (found.state === 'unread') return { object: found, events: { state: 'read', value: [] } };
  const { resource, inside, live } = found.value;
  const facts = live && liveFacts(resource, live);
  const contention = live && contentionOf(live, keyOf(resource, inside, name), deps);
  const object = { state: 'read', value: facts } as const;
  const first = { object, ...optional('contention', contention) };
  if (inside === undefined) return { ...first, events: { state: 'read', value: [] } };

  const isGoing = facts === undefined || facts.deletedAt !== undefined;
  const isConfidential = live !== undefined && confidentialLive(metadataOf(live)) !== undefined;
  const [owned, space, autoscaler, own] = await Promise.all([
    live && hasPods(resource) ? workloadPods(reads, live, resource, inside) : undefined,
    isGoing ? reads.reading((within) => reads.get(NAMESPACE, undefined, inside, within)) : undefined,
    scaled ? reads.reading((within) => readAutoscaler(reads, resource, inside, name, within)) : undefined,
    reads.events(resource.kind, inside, name),
  ]);
  const pods = owned?.pods.state === 'read' ? owned.pods.value.filter(isTroubled).slice(0, TROUBLED_PODS) : [];
  const isClaim = resource.group === '' && resource.kind === 'PersistentVolumeClaim';
  const claimed = isClaim && live ? [name] : [...new Set(pods.flatMap(({ claims }) => claims))];
  const [events, claims] = await Promise.all([
    Promise.all(pods.map((pod) => reads.events('Pod', inside, pod.name))),
    claimed.length === 0 ? undefined : readClaims(reads, inside, claimed),
  ]);
  const all = mergeEvents([own, ...events]);
  return {
    ...first,
    ...(space?.state === 'read' ? { namespace: { ...space, value: space.value && namespaceFacts(space.value) } } : {}),
    ...(owned && isConfidential ? quietPods(owned) : owned),
    events: isConfidential ? quietEvents(all) : all,
    ...optional('claims', claims),
    ...optional('autoscaler', autoscaler),
  };
}

/** One correction may have been the end of it. */
function contentionOf(live: Fields, key: string, { corrected, manager }: InspectDeps): ContentionFacts | undefined {
  const found = corrected(key);
  if (!found || found.corrections < 2) return undefined;
  return { ...found, ...optional('by', lastForeignManager(metadataOf(live), manager) ?? found.by) };
}

/** By the manifest; without one, the kind of that name, one of Kubernetes itself first. */
function resourceOf(kind: string, manifest: KubeObject | undefined, directory: Directory): ApiResource | undefined {
  const named = manifest && findKind(manifest, { directory, defined: new Map() })?.resource;
  if (named) return named;
  const all = directory.kinds.filter((each) => each.kind.toLowerCase() === kind);
  return all.find(({ group }) => isBuiltInGroup(group)) ?? all[0];
}

function isTroubled({ ready, phase, ending }: PodFacts): boolean {
  return !ready && !ending && phase !== 'Succeeded';
}
