import { storageKey } from '../catalog.ts';
import { asList, asObject, at, type JsonObject, numberAt } from '../json.ts';
import { type KubeObject, metaOf } from '../object.ts';
import { type ControllerContext, required } from './namespaces.ts';

const CONTROLLER = { manager: 'kube-controller-manager' };

interface Workload {
  readonly object: KubeObject;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  /** Of its pod template, as in names of ReplicaSets. */
  readonly templateHash: string;
  readonly starts: boolean;
}

/** Which pods there are: those that cannot start alone, for many workloads cost less so. */
export type SimulatedPods = 'failing' | 'all';

/**
 * Simulates the pods of a workload, with their ReplicaSet or ControllerRevision: all that run, and one of a template whose pods cannot
 * start, beside those of the template before. They go when pods of another template run.
 */
export function createWorkloadPods(context: ControllerContext, simulated: SimulatedPods): (workload: Workload) => void {
  const { catalog, store, objects } = context;
  const pods = required(catalog, '', 'v1', 'pods');
  const replicaSets = required(catalog, 'apps', 'v1', 'replicasets');
  const revisions = required(catalog, 'apps', 'v1', 'controllerrevisions');

  const ownedBy = (resource: typeof pods, owner: KubeObject) =>
    store
      .list(storageKey(resource), metaOf(owner).namespace)
      .filter((object) => metaOf(object).ownerReferences?.some(({ uid }) => uid === metaOf(owner).uid));

  const remove = (resource: typeof pods, object: KubeObject) => {
    const { namespace, name } = metaOf(object);
    objects.remove({ resource, namespace, name }, { propagation: 'Background' });
  };

  const ensure = (resource: typeof pods, owner: KubeObject, body: JsonObject): KubeObject => {
    const { namespace, name } = metaOf(body);
    const found = store.get(storageKey(resource), namespace, name);
    if (found) return found;
    const { uid, name: ownerName } = metaOf(owner);
    const { apiVersion = '', kind = '' } = owner;
    const reference = { apiVersion, kind, name: ownerName, uid, controller: true, blockOwnerDeletion: true };
    const metadata = { ...asObject(body.metadata), ownerReferences: [reference] };
    return objects.create({ resource, namespace, name }, { ...body, metadata }, CONTROLLER);
  };

  const scaled = (replicas: number, object: KubeObject): KubeObject => {
    if (numberAt(object, 'spec', 'replicas') === replicas) return object;
    const { namespace, name } = metaOf(object);
    const place = { resource: replicaSets, namespace, name };
    return objects.update(place, (live) => ({ ...live, spec: { ...asObject(live.spec), replicas } }), CONTROLLER);
  };

  return ({ object, kind, templateHash, starts }) => {
    const { namespace = '', name } = metaOf(object);
    const stem = `${name}-${templateHash}`;
    const isShown = simulated === 'all' || !starts;
    const stays = (owned: KubeObject) => isShown && (metaOf(owned).name.startsWith(stem) || (simulated === 'all' && !starts));
    const owned = kind === 'Deployment' ? replicaSets : pods;
    for (const resource of [owned, revisions])
      for (const other of ownedBy(resource, object)) if (!stays(other)) remove(resource, other);
    if (!isShown) return;
    const template = asObject(at(object, 'spec', 'template'));
    const label = kind === 'Deployment' ? 'pod-template-hash' : 'controller-revision-hash';
    // Of a StatefulSet it is the whole name of the revision, as in its status.
    const labels = { ...asObject(at(template, 'metadata', 'labels')), [label]: kind === 'StatefulSet' ? stem : templateHash };
    const metadata = { ...asObject(template.metadata), labels };
    if (kind !== 'Deployment')
      ensure(revisions, object, {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: { namespace, name: stem, labels },
        data: { spec: { template } },
        revision: metaOf(object).generation ?? 1,
      });
    const replicas = starts ? numberAt(object, 'spec', 'replicas') : 1;
    const owner =
      kind === 'Deployment'
        ? scaled(
            replicas,
            ensure(replicaSets, object, {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              metadata: { namespace, name: stem, labels },
              spec: {
                replicas,
                selector: { matchLabels: labels },
                template: { ...template, metadata },
              },
            }),
          )
        : object;
    const count = kind === 'DaemonSet' ? 1 : replicas;
    const names = starts ? Array.from({ length: count }, (_, index) => `${stem}-${index}`) : [`${stem}-x`];
    for (const other of ownedBy(pods, owner))
      if (metaOf(other).name.startsWith(stem) && !names.includes(metaOf(other).name)) remove(pods, other);
    for (const name of names)
      ensure(pods, owner, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, namespace, name },
        spec: { ...asObject(template.spec), containers: asList(at(template, 'spec', 'containers')) },
      });
  };
}
