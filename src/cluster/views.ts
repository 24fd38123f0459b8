import type { Clock, Logger } from '../base/index.ts';
import { isWorkloadKind } from '../resource/index.ts';
import { type ApiResource, kindKey } from './api-resource.ts';
import type { Directory } from './discovery.ts';
import { type FindLost, type Kept, keep } from './kept.ts';
import type { LiveObject } from './live.ts';
import { MARK_LABEL } from './ownership.ts';
import type { Transport } from './transport.ts';
import { createReflector, objectKeyIn, type Reflector } from './watch/reflector.ts';

/** The objects of one kind, as a watch keeps them current. */
export interface View {
  readonly resource: ApiResource;
  /** True where only marked objects are watched: what is missing here may be there without a mark. */
  readonly marked: boolean;
  /** Resolves when every part is current. @throws FluxError when one cannot be had now. */
  current(options?: { readonly signal?: AbortSignal }): Promise<void>;
  get(namespace: string | undefined, name: string): Kept | undefined;
  all(): Iterable<Kept>;
}

export interface Views {
  /** The view of a kind, opened if it is not yet, in whichever served version; undefined for a kind that cannot be watched. */
  open(resource: ApiResource, directory: Directory): View | undefined;
  opened(): Iterable<View>;
  /** Takes the metadata that a write answered. */
  note(resource: ApiResource, live: LiveObject): void;
  /** Closes the views of kinds that nobody needs any more. */
  retain(needed: (resource: ApiResource) => boolean): void;
  close(): void;
}

export interface ViewsOptions {
  /** A kind cannot be followed at the moment. */
  readonly onLost: () => void;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly manager: string;
  /** Namespaces to which everything is limited; empty: none. */
  readonly namespaces: readonly string[];
  readonly findLost: FindLost;
  /** An object came, changed or went, and not by a write that was noted. */
  readonly onChange: (resource: ApiResource, live: LiveObject | undefined, namespace: string | undefined, name: string) => void;
}

/**
 * Watches, one for each kind in use: metadata of the objects that carry a mark, and for workloads every object whole, since
 * listings and images need them all.
 */
export function createViews(options: ViewsOptions): Views {
  const { transport, clock, log, manager, namespaces, findLost, onChange, onLost } = options;
  const views = new Map<string, { readonly view: View; readonly parts: readonly Reflector<Kept>[] }>();

  function create(resource: ApiResource) {
    const whole = isWorkloadKind(resource.kind);
    const scopes = resource.namespaced && namespaces.length > 0 ? namespaces : [undefined];
    const trim = (object: Readonly<Record<string, unknown>>) => keep(resource, object, manager, findLost);
    const parts = scopes.map((namespace) => {
      const reflector: Reflector<Kept> = createReflector<Kept>({
        transport,
        clock,
        log,
        resource,
        namespace,
        detail: whole ? 'whole' : 'metadata',
        ...(whole ? {} : { labelSelector: MARK_LABEL }),
        trim,
        onLost,
        onChange: (key) => {
          const slash = key.indexOf('/');
          onChange(resource, reflector.objects.get(key)?.live, key.slice(0, slash) || undefined, key.slice(slash + 1));
        },
      });
      return { namespace, reflector };
    });
    const partOf = (namespace: string | undefined) =>
      parts.find((part) => part.namespace === undefined || part.namespace === namespace)?.reflector;
    const view: View = {
      resource,
      marked: !whole,
      async current(cancel) {
        await Promise.all(parts.map(({ reflector }) => reflector.current(cancel)));
      },
      get: (namespace, name) => partOf(namespace)?.objects.get(objectKeyIn(namespace, name)),
      *all() {
        for (const { reflector } of parts) yield* reflector.objects.values();
      },
    };
    return { view, parts: parts.map(({ reflector }) => reflector) };
  }

  return {
    open(resource, directory) {
      if (!resource.verbs.includes('watch') || !resource.verbs.includes('list')) return undefined;
      const key = kindKey(resource);
      const known = views.get(key);
      const { group, version, kind } = known?.view.resource ?? resource;
      if (known && directory.find(group, version, kind)) return known.view;
      for (const part of known?.parts ?? []) part.close();
      const created = create(resource);
      views.set(key, created);
      return created.view;
    },
    *opened() {
      for (const { view } of views.values()) yield view;
    },
    note(resource, live) {
      const parts = views.get(kindKey(resource))?.parts ?? [];
      const isLimited = resource.namespaced && namespaces.length > 0;
      const part = isLimited ? parts[namespaces.indexOf(live.namespace ?? '')] : parts[0];
      const object = { metadata: live };
      part?.note(object, (kept) => ({ ...kept, ...keep(resource, object, manager, findLost) }));
    },
    retain(needed) {
      for (const [key, { view, parts }] of views) {
        if (needed(view.resource)) continue;
        for (const part of parts) part.close();
        views.delete(key);
      }
    },
    close() {
      for (const { parts } of views.values()) for (const part of parts) part.close();
      views.clear();
    },
  };
}
