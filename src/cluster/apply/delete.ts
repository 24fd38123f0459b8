import { FluxError } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import type { ApiRequest, Transport } from '../connection/transport.ts';
import { type ApiResource, objectPath } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';
import { readMetadata } from './takeover.ts';

/** `changed` if the object changed since it was compared and is kept; else the finalizers that still delay its removal. */
export type Deleted = 'changed' | { readonly finalizers: readonly string[] };

const GONE: Deleted = { finalizers: [] };

/**
 * Deletes exactly the compared object: uid and resourceVersion are preconditions, so that an object that changed since, or was recreated
 * under the same name, is kept. A missing object counts as deleted.
 */
export async function deleteObject(
  transport: Pick<Transport, 'request'>,
  resource: ApiResource,
  live: LiveObject,
  { beforeSend, signal }: Pick<ApiRequest, 'beforeSend' | 'signal'> = {},
): Promise<Deleted> {
  const path = objectPath(resource, resource.namespaced ? live.namespace : undefined, live.name);
  try {
    const { body } = await transport.request({
      method: 'DELETE',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid: live.uid, resourceVersion: live.resourceVersion },
        // For every kind, as in Flux v1 and kubectl: owned objects are deleted afterwards. Orphan would leave pods of Jobs behind, and
        // Foreground would delay each object by a finalizer until its owned objects are deleted.
        propagationPolicy: 'Background',
      }),
      ...(beforeSend ? { beforeSend } : {}),
      signal,
    });
    // The API server returns the object if it only marked it for deletion, else a Status.
    return { finalizers: finalizersOf(body) };
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    if (error.code === 'cluster/not-found') return GONE;
    if (error.code === 'cluster/conflict') return whatBecame();
    throw error;
  }

  /** A retry: the first attempt may have succeeded although its response was lost, and an object that waits for finalizers changed by it. */
  async function whatBecame(): Promise<Deleted> {
    const now = await readMetadata((build) => transport.request({ ...build(), signal }), path);
    if (!now) return GONE;
    const isDeleted = now.uid === live.uid && now.deletionTimestamp !== undefined;
    return isDeleted ? { finalizers: now.finalizers ?? [] } : 'changed';
  }
}

function finalizersOf(body: unknown): readonly string[] {
  const metadata = isFields(body) && isFields(body.metadata) ? body.metadata : {};
  const { deletionTimestamp, finalizers } = metadata;
  if (deletionTimestamp === undefined || !Array.isArray(finalizers)) return [];
  return finalizers.filter((each) => typeof each === 'string');
}
