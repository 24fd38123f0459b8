import { FluxError } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, objectPath } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';
import { readMetadata } from './takeover.ts';

/** `changed` when it is not as it was looked at and stays; else what it still waits for before it is gone. */
export type Deleted = 'changed' | { readonly finalizers: readonly string[] };

const GONE: Deleted = { finalizers: [] };

/**
 * Deletes exactly the object that was looked at: uid and resourceVersion are preconditions, so that one which changed since,
 * or came back under the same name, stays. An object that is gone already counts as deleted.
 */
export async function deleteObject(
  transport: Pick<Transport, 'request'>,
  resource: ApiResource,
  live: LiveObject,
  signal?: AbortSignal,
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
        // For every kind, as with Flux v1 and kubectl: what the object owns goes with it, after it. Jobs and their like would
        // leave pods behind by Orphan, and Foreground would make each object wait, by a finalizer, for everything it owns.
        propagationPolicy: 'Background',
      }),
      signal,
    });
    // The API server answers with the object when it only marked it to be deleted, else with a Status.
    return { finalizers: finalizersOf(body) };
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    if (error.code === 'cluster/not-found') return GONE;
    if (error.code === 'cluster/conflict') return whatBecame();
    throw error;
  }

  /** The first try may have been carried out, and its answer lost: an object that waits for finalizers has changed by that alone. */
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
