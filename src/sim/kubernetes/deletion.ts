import type { Resource } from './catalog.ts';
import type { Place } from './identity.ts';
import { asObject, type Json, type JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import { conflict } from './status.ts';

export interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/** Rejects a delete whose preconditions do not match the object. */
export function checkPreconditions(
  { resource, name }: Place,
  meta: ReturnType<typeof metaOf>,
  { uid, resourceVersion }: DeleteOptions,
): void {
  const named = { group: '', plural: resource.kind };
  if (uid !== undefined && uid !== meta.uid) {
    const text = `the UID in the precondition (${uid}) does not match the UID in record (${meta.uid}). The object might have been deleted and then recreated`;
    throw conflict({ ...named, group: resource.group }, name, text);
  }
  if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion) {
    const text = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${meta.resourceVersion}). The object might have been modified`;
    throw conflict({ ...named, group: resource.group }, name, text);
  }
}

/** The object after a delete request, marked for deletion. */
export function markDeleted(
  resource: Resource,
  object: KubeObject,
  propagation: DeleteOptions['propagation'],
  time: string,
): KubeObject {
  const meta = metaOf(object);
  const extra = finalizersOfDelete(resource, propagation);
  const finalizers = [...new Set([...(meta.finalizers ?? []), ...extra])];
  const marked: KubeObject = {
    ...object,
    metadata: {
      ...(object.metadata as JsonObject),
      ...(finalizers.length === 0 ? {} : { finalizers }),
      deletionTimestamp: meta.deletionTimestamp ?? time,
      deletionGracePeriodSeconds: 0,
      ...(meta.generation === undefined || meta.deletionTimestamp !== undefined ? {} : { generation: meta.generation + 1 }),
    },
  };
  if (resource.group === '' && resource.kind === 'Namespace')
    marked.status = { ...asObject(object.status), phase: 'Terminating' };
  return marked;
}

/** Whether an object that is marked for deletion can be removed. */
export function isFinal(resource: Resource, object: KubeObject): boolean {
  const held =
    resource.group === '' &&
    resource.kind === 'Namespace' &&
    ((object.spec as JsonObject)?.finalizers as Json[] | undefined)?.length;
  return !held && (metaOf(object).finalizers ?? []).length === 0;
}

/** Finalizers that the server itself adds on a delete. */
function finalizersOfDelete(resource: Resource, propagation: DeleteOptions['propagation']): readonly string[] {
  if (resource.kind === 'CustomResourceDefinition') return ['customresourcecleanup.apiextensions.k8s.io'];
  if (propagation === 'Foreground') return ['foregroundDeletion'];
  return propagation === 'Orphan' ? ['orphan'] : [];
}
