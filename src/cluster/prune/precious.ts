import { isBuiltInGroup, type ResourceId } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { Identified, LiveObject } from '../object/live.ts';

/** Annotation of an object in the cluster that requires approval of its deletion. */
export const PRUNE_ANNOTATION = 'fluxcd.io/prune';

/** Kinds whose deletion also deletes other objects or data. */
const PRECIOUS = new Set(['CustomResourceDefinition', 'Namespace', 'PersistentVolume', 'PersistentVolumeClaim', 'StatefulSet']);

/** An object that may be deleted. */
export interface DeletionCandidate {
  readonly id: ResourceId;
  readonly resource: ApiResource;
  readonly live: Identified;
}

/** Why the deletion of an object needs approval, as the end of a sentence; undefined if it does not. */
export function whyPrecious(
  { id, resource, live }: DeletionCandidate,
  ownersOfData: ReadonlyMap<string, string>,
): string | undefined {
  if (PRECIOUS.has(resource.kind)) return id;
  if (live.annotations?.[PRUNE_ANNOTATION] === 'confirm') return `${id}, which is annotated ${PRUNE_ANNOTATION}: confirm`;
  if (isBuiltInGroup(resource.group)) return undefined;
  const { finalizers = [] } = live;
  if (finalizers.length > 0) return `${id}, which has finalizers: ${finalizers.slice(0, 3).join(', ')}`;
  const data = ownersOfData.get(live.uid);
  return data === undefined ? undefined : `${id}, which ${data}`;
}

/** An owner in a reference of an object. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface OwnerChains {
  /** Claims and StatefulSets, with their owners and appliers. */
  readonly holders: readonly { readonly id: ResourceId; readonly live: LiveObject }[];
  /** The owner in a reference of an object in this namespace; undefined if it does not exist. @throws FluxError if it cannot be read. */
  readonly ownerOf: (reference: OwnerReference, namespace: string | undefined) => Promise<LiveObject | undefined>;
}

/** Limit of owner chains, which only cycles exceed. */
const MAX_DEPTH = 10;

/**
 * The custom resources in the owner chain of a claim or StatefulSet, by uid, with what they own. Only objects in the same namespace, or
 * cluster-scoped ones, can be owners.
 */
export async function findOwnersOfData(
  customs: readonly DeletionCandidate[],
  { holders, ownerOf }: OwnerChains,
): Promise<ReadonlyMap<string, string>> {
  const uids = new Set(customs.map(({ live }) => live.uid));
  const namespaces = new Set(customs.map(({ live }) => live.namespace));
  const found = new Map<string, string>();
  const near = holders.filter(({ live }) => namespaces.has(undefined) || namespaces.has(live.namespace));
  const known = new Map(near.flatMap(({ live }) => (live.uid === undefined ? [] : [[live.uid, live] as const])));

  async function climb(object: LiveObject, holder: ResourceId, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) return;
    for (const reference of referencesOf(object)) {
      if (uids.has(reference.uid)) found.set(reference.uid, `owns ${holder}`);
      const owner = known.get(reference.uid) ?? (await ownerOf(reference, object.namespace));
      if (owner?.uid !== reference.uid) continue;
      known.set(owner.uid, owner);
      await climb(owner, holder, depth + 1);
    }
  }

  for (const { id, live } of near) await climb(live, id, 0);
  return found;
}

function referencesOf({ ownerReferences = [] }: LiveObject): readonly OwnerReference[] {
  return ownerReferences.filter(isReference);
}

function isReference(value: unknown): value is OwnerReference {
  if (typeof value !== 'object' || value === null) return false;
  const { apiVersion, kind, name, uid } = value as Readonly<Record<string, unknown>>;
  return [apiVersion, kind, name, uid].every((each) => typeof each === 'string');
}

export function isDataHolder({ group, kind }: Pick<ApiResource, 'group' | 'kind'>): boolean {
  return (group === '' && kind === 'PersistentVolumeClaim') || (group === 'apps' && kind === 'StatefulSet');
}
