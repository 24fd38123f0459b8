import { FluxError } from '../base/index.ts';
import { type ApiResource, objectPath } from './api-resource.ts';
import type { LiveObject } from './live.ts';
import type { Transport } from './transport.ts';

/**
 * Deletes exactly the object that was looked at: uid and resourceVersion are preconditions, so that one which changed since,
 * or came back under the same name, stays. False when it did; an object that is gone already counts as deleted.
 */
export async function deleteObject(
  transport: Transport,
  resource: ApiResource,
  live: LiveObject,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await transport.request({
      method: 'DELETE',
      path: objectPath(resource, resource.namespaced ? live.namespace : undefined, live.name),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid: live.uid, resourceVersion: live.resourceVersion },
        // What the object owns goes with it, after it: nothing is orphaned, and nothing blocks on a finalizer of ours.
        propagationPolicy: 'Background',
      }),
      signal,
    });
    return true;
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    if (error.code === 'cluster/not-found') return true;
    if (error.code === 'cluster/conflict') return false;
    throw error;
  }
}
