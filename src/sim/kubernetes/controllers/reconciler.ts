import type { Clock } from '../../../base/index.ts';
import { type KubeObject, metaOf } from '../object.ts';
import { ApiError } from '../status.ts';
import type { Store } from '../store.ts';

export interface ReconcilerOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The objects of the controller: a storage key, or a predicate. */
  readonly watches: (key: string) => boolean;
  /** Milliseconds from a change to the controller's reaction. */
  readonly delayMs: number;
  /** Called with the latest state; undefined for a deleted object. A number requests another call after that many milliseconds. */
  readonly reconcile: (object: KubeObject, key: string, gone: boolean) => number | undefined;
}

/**
 * The loop of a controller: changed objects are queued once, and reconciled in their latest state a little later. A write that conflicts
 * with a newer version is dropped, since that version queues the object again.
 */
export function startReconciler({ store, clock, watches, delayMs, reconcile }: ReconcilerOptions): { stop(): void } {
  const stopping = new AbortController();
  const queued = new Map<string, { readonly at: number; readonly sooner: AbortController }>();

  const schedule = (key: string, object: KubeObject, ms: number) => {
    const { uid, namespace, name } = metaOf(object);
    const before = queued.get(uid);
    const due = clock.now() + ms;
    if (stopping.signal.aborted || (before && before.at <= due)) return;
    before?.sooner.abort();
    const sooner = new AbortController();
    queued.set(uid, { at: due, sooner });
    clock.sleep(ms, { signal: AbortSignal.any([stopping.signal, sooner.signal]) }).then(
      () => {
        queued.delete(uid);
        const current = store.get(key, namespace, name);
        const same = current !== undefined && metaOf(current).uid === uid;
        const again = attempt(() => reconcile(same ? current : object, key, !same));
        if (again !== undefined && same) schedule(key, current, again);
      },
      // Only a stop, or a change that is due earlier, ends a sleep early.
      () => undefined,
    );
  };
  const unsubscribe = store.subscribeAll((key, event) => {
    if (watches(key)) schedule(key, event.object, delayMs);
  });
  return {
    stop: () => {
      unsubscribe();
      stopping.abort();
    },
  };
}

function attempt(act: () => number | undefined): number | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return undefined;
    // A controller's bug must be visible, but must not end the process that hosts the server.
    console.error('embedded Kubernetes: a controller failed:', error);
    return undefined;
  }
}
