import { storageKey } from '../catalog.ts';
import { asList, asObject, at, type JsonObject } from '../json.ts';
import { type KubeObject, metaOf } from '../object.ts';
import { type ControllerContext, required } from './namespaces.ts';

const CONTROLLER = { manager: 'kube-controller-manager' };

/** A workload whose pods may fail. */
interface Workload {
  readonly object: KubeObject;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  /** Of its pod template, as in names of ReplicaSets. */
  readonly templateHash: string;
  readonly starts: boolean;
}

/**
 * Simulates one pod of a workload whose new pods cannot start, with its ReplicaSet or ControllerRevision; pods that run are not
 * simulated. It goes when the workload has another template.
 */
export function createFailingPods(context: ControllerContext): (workload: Workload) => void {
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

  return ({ object, kind, templateHash, starts }) => {
    const { namespace = '', name } = metaOf(object);
    const stem = `${name}-${templateHash}`;
    const isCurrent = (owned: KubeObject) => !starts && metaOf(owned).name.startsWith(stem);
    const owned = kind === 'Deployment' ? replicaSets : pods;
    for (const resource of [owned, revisions])
      for (const other of ownedBy(resource, object)) if (!isCurrent(other)) remove(resource, other);
    if (starts) return;
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
    const owner =
      kind === 'Deployment'
        ? ensure(replicaSets, object, {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            metadata: { namespace, name: stem, labels },
            spec: {
              replicas: 1,
              selector: { matchLabels: labels },
              template: { ...template, metadata },
            },
          })
        : object;
    ensure(pods, owner, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, namespace, name: `${stem}-x` },
      spec: { ...asObject(template.spec), containers: asList(at(template, 'spec', 'containers')) },
    });
  };
}
