import type { List } from '../connection/list.ts';
import { type ApiResource, builtIn } from '../discovery/api-resource.ts';
import { type Fields, fieldsOf, numberOf, recordsOf, textOf } from '../object/fields.ts';
import { REPLICA_SET } from './owners.ts';

/** A workload whose pods have the labels of `selector`. */
export interface Owner {
  readonly kind: string;
  readonly namespace: string;
  readonly object: Fields;
  readonly selector: string;
}

/** What distinguishes the pods of the newest template of a workload. */
export interface NewestTemplate {
  /** Label selectors of its pods, and of those of earlier templates; absent if no label is known. */
  readonly pods?: { readonly newest: string; readonly earlier: string };
  /** Of a Deployment. */
  readonly replicaSet?: Fields;
}

const CONTROLLER_REVISION = builtIn('ControllerRevision', 'controllerrevisions', 'apps');
/** Far above the usual `revisionHistoryLimit` of 10. */
const MAX_REVISIONS = '100';
const TEMPLATE_HASH = 'pod-template-hash';
const REVISION_HASH = 'controller-revision-hash';
const ROLLOUT_HASH = 'rollouts-pod-template-hash';

/** Finds the newest template of a workload, with at most one list. @throws FluxError `cluster/forbidden` … */
export async function newestTemplate(list: List, owner: Owner, signal: AbortSignal | undefined): Promise<NewestTemplate> {
  switch (owner.kind) {
    case 'Deployment': {
      const replicaSet = await newestOwned(list, REPLICA_SET, owner, signal);
      const pods = distinguish(owner, TEMPLATE_HASH, labelOf(replicaSet, TEMPLATE_HASH));
      return replicaSet ? { ...pods, replicaSet } : pods;
    }
    case 'StatefulSet':
      return distinguish(owner, REVISION_HASH, textOf(fieldsOf(owner.object.status).updateRevision));
    case 'DaemonSet':
      return distinguish(
        owner,
        REVISION_HASH,
        labelOf(await newestOwned(list, CONTROLLER_REVISION, owner, signal), REVISION_HASH),
      );
    case 'Rollout':
      return distinguish(owner, ROLLOUT_HASH, textOf(fieldsOf(owner.object.status).currentPodHash));
    default:
      return {};
  }
}

function distinguish({ selector }: Owner, label: string, hash: string): NewestTemplate {
  return hash === '' ? {} : { pods: { newest: `${selector},${label}=${hash}`, earlier: `${selector},${label}!=${hash}` } };
}

function labelOf(object: Fields | undefined, label: string): string {
  return textOf(fieldsOf(fieldsOf(object?.metadata).labels)[label]);
}

async function newestOwned(
  list: List,
  resource: ApiResource,
  { object, namespace, selector }: Owner,
  signal: AbortSignal | undefined,
): Promise<Fields | undefined> {
  const { uid } = fieldsOf(object.metadata);
  const all = await list(resource, namespace, { labelSelector: selector, limit: MAX_REVISIONS }, signal);
  const own = all.filter(({ metadata }) => recordsOf(fieldsOf(metadata).ownerReferences).some((owner) => owner.uid === uid));
  return own.toSorted((a, b) => revisionOf(b) - revisionOf(a) || createdAt(b).localeCompare(createdAt(a)))[0];
}

/** In an annotation of a ReplicaSet, or in a field of a ControllerRevision. */
function revisionOf({ metadata, revision }: Fields): number {
  const annotated = textOf(fieldsOf(fieldsOf(metadata).annotations)['deployment.kubernetes.io/revision']);
  return Number(annotated) || numberOf(revision);
}

function createdAt({ metadata }: Fields): string {
  return textOf(fieldsOf(metadata).creationTimestamp);
}
