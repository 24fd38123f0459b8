import { storageKey } from '../catalog.ts';
import { asObject } from '../json.ts';
import { type KubeObject, metaOf } from '../object.ts';
import { type ControllerContext, distinct } from './namespaces.ts';
import { startReconciler } from './reconciler.ts';

const OPTIONS = { manager: 'kube-controller-manager' };

/** Deletes objects whose owners are all deleted, and performs foreground and orphaning deletes. */
export function startGarbageCollector(context: ControllerContext): { stop(): void } {
  const { catalog, store, objects, clock } = context;

  const dependentsOf = (uid: string) =>
    distinct(catalog.all()).flatMap((resource) =>
      store
        .list(storageKey(resource))
        .filter((object) => metaOf(object).ownerReferences?.some((owner) => owner.uid === uid))
        .map((object) => ({ object, place: { resource, namespace: metaOf(object).namespace, name: metaOf(object).name } })),
    );
  const exists = (uid: string) =>
    distinct(catalog.all()).some((resource) => store.list(storageKey(resource)).some((object) => metaOf(object).uid === uid));
  const release = (object: KubeObject, key: string, finalizer: string) => {
    const resource = catalog.all().find((candidate) => storageKey(candidate) === key);
    if (!resource) return;
    const { namespace, name } = metaOf(object);
    objects.update(
      { resource, namespace, name },
      (live) => ({
        ...live,
        metadata: {
          ...asObject(live.metadata),
          finalizers: (metaOf(live).finalizers ?? []).filter((entry) => entry !== finalizer),
        },
      }),
      OPTIONS,
    );
  };

  return startReconciler({
    store,
    clock,
    watches: () => true,
    delayMs: 10,
    reconcile: (object, key, gone) => {
      const { uid, finalizers, deletionTimestamp, ownerReferences } = metaOf(object);
      if (gone) {
        for (const { object: dependent, place } of dependentsOf(uid)) {
          const owned = metaOf(dependent).ownerReferences?.some((owner) => owner.uid !== uid && exists(owner.uid)) ?? false;
          if (!owned && metaOf(dependent).deletionTimestamp === undefined) objects.remove(place, { propagation: 'Background' });
        }
        return undefined;
      }
      if (deletionTimestamp !== undefined && finalizers?.includes('orphan')) {
        for (const { place } of dependentsOf(uid))
          objects.update(
            place,
            (live) => ({
              ...live,
              metadata: {
                ...asObject(live.metadata),
                ownerReferences: (metaOf(live).ownerReferences ?? [])
                  .filter((owner) => owner.uid !== uid)
                  .map((owner) => ({ ...owner })),
              },
            }),
            OPTIONS,
          );
        release(object, key, 'orphan');
        return undefined;
      }
      if (deletionTimestamp !== undefined && finalizers?.includes('foregroundDeletion')) {
        const blocking = dependentsOf(uid);
        for (const { object: dependent, place } of blocking)
          if (metaOf(dependent).deletionTimestamp === undefined) objects.remove(place, { propagation: 'Foreground' });
        if (dependentsOf(uid).length > 0) return 20;
        release(object, key, 'foregroundDeletion');
        return undefined;
      }
      // Created with an owner that does not exist (any more).
      const orphaned =
        ownerReferences !== undefined && ownerReferences.length > 0 && !ownerReferences.some((owner) => exists(owner.uid));
      const resource = orphaned ? catalog.all().find((candidate) => storageKey(candidate) === key) : undefined;
      if (resource && deletionTimestamp === undefined)
        objects.remove(
          { resource, namespace: metaOf(object).namespace, name: metaOf(object).name },
          { propagation: 'Background' },
        );
      return undefined;
    },
  });
}
