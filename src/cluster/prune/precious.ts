import type { ResourceId } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';

/** An annotation by which an object in the cluster asks not to be deleted unless a person confirms it. */
export const PRUNE_ANNOTATION = 'fluxcd.io/prune';

/** Kinds whose deletion takes other objects or data along. */
const PRECIOUS = new Set(['CustomResourceDefinition', 'Namespace', 'PersistentVolume', 'PersistentVolumeClaim', 'StatefulSet']);
/** Groups below k8s.io that the API server itself brings; of other groups with a dot in their name all objects are custom. */
const BUILT_IN = new Set(
  [
    'admissionregistration',
    'apiextensions',
    'apiregistration',
    'authentication',
    'rbac.authorization',
    'authorization',
    'certificates',
    'coordination',
    'discovery',
    'events',
    'flowcontrol.apiserver',
    'internal.apiserver',
    'networking',
    'node',
    'resource',
    'scheduling',
    'storage',
    'storagemigration',
  ].map((name) => `${name}.k8s.io`),
);

export function isCustom({ group }: Pick<ApiResource, 'group'>): boolean {
  return group.includes('.') && !BUILT_IN.has(group);
}

interface Deletion {
  readonly id: ResourceId;
  readonly resource: ApiResource;
  readonly live: LiveObject;
}

/** Why an object is not deleted before a person confirms it, as the end of a sentence that names it; undefined for any that may go. */
export function whyPrecious({ id, resource, live }: Deletion, ownersOfData: ReadonlyMap<string, string>): string | undefined {
  if (PRECIOUS.has(resource.kind)) return id;
  if (live.annotations?.[PRUNE_ANNOTATION] === 'confirm') return `${id}, which is annotated ${PRUNE_ANNOTATION}: confirm`;
  if (!isCustom(resource)) return undefined;
  const { finalizers = [] } = live;
  if (finalizers.length > 0) return `${id}, which has finalizers: ${finalizers.slice(0, 3).join(', ')}`;
  const data = ownersOfData.get(live.uid ?? '');
  return data === undefined ? undefined : `${id}, which ${data}`;
}

/** An owner, as a reference of an object names it. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface OwnerChains {
  /** Claims and StatefulSets, whose they are and who applied them. */
  readonly holders: readonly { readonly id: ResourceId; readonly live: LiveObject }[];
  /** The owner that an object of this namespace names; undefined when it is not there. @throws FluxError when that cannot be seen. */
  readonly ownerOf: (reference: OwnerReference, namespace: string | undefined) => Promise<LiveObject | undefined>;
}

/** No chain of owners is longer; one that goes round is. */
const MAX_DEPTH = 10;

/**
 * Which of some custom resources stand in the chain of owners of a claim or StatefulSet, by uid, with what they own. Only what is in
 * the same namespace, or has none, can own something.
 */
export async function findOwnersOfData(
  customs: readonly Deletion[],
  { holders, ownerOf }: OwnerChains,
): Promise<ReadonlyMap<string, string>> {
  const uids = new Set(customs.flatMap(({ live }) => live.uid ?? []));
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
