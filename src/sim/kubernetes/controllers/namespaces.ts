import type { Clock } from '../../../base/index.ts';
import { type Catalog, type Resource, storageKey } from '../catalog.ts';
import { asObject } from '../json.ts';
import { type KubeObject, metaOf } from '../object.ts';
import type { Objects } from '../objects.ts';
import type { Store } from '../store.ts';
import { startReconciler } from './reconciler.ts';

const MANAGER = 'kube-controller-manager';
const KEY = storageKey({ group: '', plural: 'namespaces' });

export interface ControllerContext {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly objects: Objects;
  readonly clock: Clock;
}

/** Creates the default ServiceAccount and root certificate of each namespace, and empties and removes deleted namespaces. */
export function startNamespaceController(context: ControllerContext): { stop(): void } {
  const { catalog, store, objects, clock } = context;
  const resource = required(catalog, '', 'v1', 'namespaces');
  return startReconciler({
    store,
    clock,
    watches: (key) => key === KEY,
    delayMs: 5,
    reconcile: (namespace, _key, gone) => {
      const { name, deletionTimestamp } = metaOf(namespace);
      if (gone) return undefined;
      if (deletionTimestamp === undefined) {
        furnish(context, name);
        return undefined;
      }
      const left = removeContent(context, name);
      // Objects with finalizers block the deletion; check again.
      if (left > 0) return 200;
      const place = { resource, namespace: undefined, name };
      const release = (live: KubeObject) => ({ ...live, spec: { ...asObject(live.spec), finalizers: [] } });
      objects.update(place, release, { manager: MANAGER, subresource: 'finalize' });
      return undefined;
    },
  });
}

export function required(catalog: Catalog, group: string, version: string, plural: string): Resource {
  const resource = catalog.find(group, version, plural);
  if (!resource) throw new Error(`schema data has no ${plural} in ${group || 'core'}/${version}`);
  return resource;
}

/** Creates the missing default objects of a namespace. */
export function furnish({ catalog, store, objects }: ControllerContext, namespace: string): void {
  const wanted: readonly [string, KubeObject][] = [
    ['serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }],
    ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } }],
  ];
  for (const [plural, body] of wanted) {
    const resource = required(catalog, '', 'v1', plural);
    const { name } = metaOf(body);
    if (!store.get(storageKey(resource), namespace, name))
      objects.create({ resource, namespace, name }, structuredClone(body), { manager: MANAGER });
  }
}

function removeContent({ catalog, store, objects }: ControllerContext, namespace: string): number {
  let left = 0;
  for (const resource of distinct(catalog.all().filter(({ namespaced }) => namespaced)))
    for (const object of store.list(storageKey(resource), namespace)) {
      const place = { resource, namespace, name: metaOf(object).name };
      if (!objects.remove(place, { propagation: 'Background' }).gone) left++;
    }
  return left;
}

/** One version of each resource. */
export function distinct(resources: readonly Resource[]): readonly Resource[] {
  return [...new Map(resources.map((resource) => [storageKey(resource), resource])).values()];
}
