import type { ResourceId } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { CRD_GROUP } from '../discovery/crd.ts';
import type { LiveObject } from '../object/live.ts';
import { isExcluded, isPlaced, type Placed } from '../scope/scope.ts';

/** The objects in Git that a deletion could affect. Refused, ignored and excluded objects of the repository are included. */
export interface Wanted {
  readonly ids: ReadonlySet<ResourceId>;
  /** An example object of each namespace. */
  readonly byNamespace: ReadonlyMap<string, ResourceId>;
  /** An example object of each kind, by the name of the kind's definition. */
  readonly byDefinition: ReadonlyMap<string, ResourceId>;
}

export const NOTHING_WANTED: Wanted = { ids: new Set(), byNamespace: new Map(), byDefinition: new Map() };

export function wantedOf(placed: readonly Placed[]): Wanted {
  const byNamespace = new Map<string, ResourceId>();
  const byDefinition = new Map<string, ResourceId>();
  for (const each of placed) {
    if (!isPlaced(each) && !isExcluded(each)) continue;
    if (each.namespace !== undefined) byNamespace.set(each.namespace, each.id);
    byDefinition.set(`${each.resource.plural}.${each.resource.group}`, each.id);
  }
  return { ids: new Set(placed.map(({ id }) => id)), byNamespace, byDefinition };
}

/** The union: after a read with errors, earlier objects may still be wanted. */
export function bothWanted(a: Wanted, b: Wanted): Wanted {
  return {
    ids: new Set([...a.ids, ...b.ids]),
    byNamespace: new Map([...a.byNamespace, ...b.byNamespace]),
    byDefinition: new Map([...a.byDefinition, ...b.byDefinition]),
  };
}

/** A wanted object that would be deleted along with this one: in a Namespace, of a definition's kind, or owned by it. */
export function goesWith(
  { resource: { group, kind }, live }: { readonly resource: ApiResource; readonly live: LiveObject },
  wanted: Wanted,
  owned: ReadonlyMap<string, ResourceId>,
): ResourceId | undefined {
  if (group === '' && kind === 'Namespace') return wanted.byNamespace.get(live.name);
  if (group === CRD_GROUP && kind === 'CustomResourceDefinition') return wanted.byDefinition.get(live.name);
  return live.uid === undefined ? undefined : owned.get(live.uid);
}

/** An example of owned objects, by the uid of the owner. */
export function byOwner(
  objects: Iterable<{ readonly id: ResourceId; readonly live: LiveObject }>,
): ReadonlyMap<string, ResourceId> {
  const owned = new Map<string, ResourceId>();
  for (const { id, live } of objects) for (const { uid } of ownersOf(live)) owned.set(uid, id);
  return owned;
}

function ownersOf({ ownerReferences = [] }: LiveObject): readonly { readonly uid: string }[] {
  return ownerReferences.flatMap((each) =>
    typeof each === 'object' && each !== null && 'uid' in each && typeof each.uid === 'string' ? [{ uid: each.uid }] : [],
  );
}
