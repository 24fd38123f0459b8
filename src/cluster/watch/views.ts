import { type Cancellable, type Clock, FluxError, type Logger } from '../../base/index.ts';
import { isFluxV1Workload } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { Directory } from '../discovery/discovery.ts';
import type { LiveObject } from '../object/live.ts';
import { MARK_LABEL } from '../object/ownership.ts';
import { type AllowedNamespaces, isNamespace, type Part, partKey } from '../scope/allowed-namespaces.ts';
import { type FindLost, type Kept, keep } from './kept.ts';
import { createReflector, type Reflector } from './reflector.ts';
import { objectKeyIn } from './store.ts';

/** The objects of one part of the cluster, kept up to date by a watch. */
export interface View {
  readonly part: Part;
  /** True if only marked objects are watched, so that a missing object may exist without a mark. */
  readonly marked: boolean;
  /** Whether it has the objects completely, as listings and health need them. */
  readonly whole: boolean;
  /** Resolves when it is up to date. @throws FluxError if it is unavailable. */
  current(options?: Cancellable): Promise<void>;
  get(namespace: string | undefined, name: string): Kept | undefined;
  all(): Iterable<Kept>;
  /** Changes with every change of the objects. */
  version(): number;
  /** Calls the listener with the key of each changed object, until the returned function is called. */
  listen(listener: (key: string) => void): () => void;
}

export interface Views {
  /** The view of a part, opened on demand, in any served version; undefined if it cannot be watched. */
  open(part: Part, directory: Directory): View | undefined;
  /** The view of a part whose complete objects are watched already. */
  find(part: Part): View | undefined;
  /** Applies the metadata from the response to a write. */
  note(resource: ApiResource, live: LiveObject): void;
  /** Runs the work while the watches are suspended. */
  resting<T>(work: () => Promise<T>): Promise<T>;
  /** Closes the views of unneeded kinds. */
  retain(needed: (resource: ApiResource) => boolean): void;
  close(): void;
}

export interface ViewsOptions {
  /** Called if a kind cannot be watched at the moment. */
  readonly onLost: () => void;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly manager: string;
  readonly allowed: AllowedNamespaces;
  readonly findLost: FindLost;
  /** Whether Git has workloads of a kind that Flux v1 does not know. */
  readonly isWorkloadKind: (resource: ApiResource) => boolean;
  /** Called if an object was added, changed or removed by another write than a noted one. */
  readonly onChange: (resource: ApiResource, live: LiveObject | undefined, namespace: string | undefined, name: string) => void;
}

/** `closed`: another plan closed the view while this one was waiting. */
const LISTED_INSTEAD = new Set(['cluster/forbidden', 'cluster/not-supported', 'cluster/watch-closed']);

/** True if a view is up to date; false if the kind cannot be watched (any more), so that a list is needed. @throws FluxError if it is unavailable. */
export async function isCurrent(view: View, options: Cancellable): Promise<boolean> {
  try {
    await view.current(options);
    return true;
  } catch (error) {
    const code = error instanceof FluxError ? error.code : '';
    if (!options.signal?.aborted && LISTED_INSTEAD.has(code)) return false;
    throw error;
  }
}

/**
 * One watch for each kind in use, and for each namespace if Flux is restricted to some. It has the metadata of marked objects; of workloads
 * the complete objects, which listings and images need, and of Flux v1's kinds also those that are not marked.
 */
export function createViews(options: ViewsOptions): Views {
  const { transport, clock, log, manager, allowed, findLost, onChange, onLost } = options;
  const views = new Map<string, { readonly view: View; readonly reflector: Reflector<Kept> }>();

  function create(part: Part) {
    const { resource, namespace } = part;
    const all = isFluxV1Workload(resource);
    const whole = all || options.isWorkloadKind(resource);
    const listeners = new Set<(key: string) => void>();
    const reflector: Reflector<Kept> = createReflector<Kept>({
      transport,
      clock,
      log,
      resource,
      namespace,
      detail: whole ? 'whole' : 'metadata',
      ...(all ? {} : { labelSelector: MARK_LABEL }),
      trim: (object) => keep(resource, object, manager, findLost),
      onLost,
      onChange: (key) => {
        const slash = key.indexOf('/');
        onChange(resource, reflector.objects.get(key)?.live, key.slice(0, slash) || undefined, key.slice(slash + 1));
        for (const listener of listeners) listener(key);
      },
    });
    const view: View = {
      part,
      marked: !all,
      whole,
      current: (cancel) => reflector.current(cancel),
      get: (inside, name) => reflector.objects.get(objectKeyIn(inside, name)),
      all: () => reflector.objects.values(),
      version: () => reflector.changes,
      listen(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    return { view, reflector };
  }

  return {
    open(part, directory) {
      const { verbs } = part.resource;
      if (!verbs.includes('watch') || !verbs.includes('list')) return undefined;
      // Namespaced rights do not allow watching Namespaces.
      if (isNamespace(part.resource) && part.namespace !== undefined) return undefined;
      const key = partKey(part);
      const known = views.get(key);
      const { group, version, kind } = known?.view.part.resource ?? part.resource;
      const isWhole = known?.view.whole || !options.isWorkloadKind(part.resource);
      if (known && isWhole && directory.find(group, version, kind)) return known.view;
      known?.reflector.close();
      const created = create(part);
      views.set(key, created);
      return created.view;
    },
    find(part) {
      const view = views.get(partKey(part))?.view;
      return view?.whole ? view : undefined;
    },
    note(resource, live) {
      const object = { metadata: live };
      views
        .get(partKey(allowed.partOf(resource, live.namespace, live.name)))
        ?.reflector.note(object, (kept) => ({ ...kept, ...keep(resource, object, manager, findLost) }));
    },
    async resting(work) {
      for (const { reflector } of views.values()) reflector.rest();
      try {
        return await work();
      } finally {
        for (const { reflector } of views.values()) reflector.wake();
      }
    },
    retain(needed) {
      for (const [key, { view, reflector }] of views) {
        if (needed(view.part.resource)) continue;
        reflector.close();
        views.delete(key);
      }
    },
    close() {
      for (const { reflector } of views.values()) reflector.close();
      views.clear();
    },
  };
}
