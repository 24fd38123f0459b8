import pLimit from 'p-limit';
import { asFluxError, FluxError, type Logger, messageOf } from '../base/index.ts';
import { type ApiResource, kindKey, objectPath } from './api-resource.ts';
import type { Directory, Discovery } from './discovery.ts';
import { isRecord, type LiveObject, listMetadata, METADATA, metadataOf } from './live.ts';
import { MARK_LABEL } from './ownership.ts';
import { isNeverPruned } from './prune.ts';
import { keyOf, type Target } from './scope.ts';
import type { SyncSet } from './sync-set.ts';
import type { Transport } from './transport.ts';
import type { View, Views } from './views.ts';

export interface ListDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly views: Views;
  readonly namespaces: readonly string[];
  readonly log: Logger;
}

/** Requests at a time: a list is a heavy one to the API server. */
const IN_FLIGHT = 8;
/** Up to this many new objects of a kind are asked for one by one; for more, one list of the kind is cheaper. */
const FEW = 8;

/** A Namespace that is not there is asked for like anything else, and answered as if something in it were. */
const ABSENT = new Set(['cluster/not-found', 'cluster/namespace-missing']);

/** What is known of the live objects of one kind that Git wants, or why it is not known; `unknown` is by object key. */
export type KindState =
  | { readonly find: (target: Target) => LiveObject | undefined; readonly unknown?: ReadonlyMap<string, FluxError> }
  | { readonly error: FluxError }
  | 'excluded';

export type Lists = ReturnType<typeof createLists>;

/** What one plan sees of the cluster: watched kinds from memory, everything else by lists, each made once. */
export function createLists(deps: ListDeps, directory: Directory, signal: AbortSignal | undefined) {
  const limit = pLimit(IN_FLIGHT);
  const cancel = signal ? { signal } : {};
  const listed = new Map<string, { readonly resource: ApiResource; readonly objects: readonly LiveObject[] }>();
  const watched = new Map<string, View>();
  const wantedKinds = new Map<string, ApiResource>();
  const failedLists = new Set<string>();

  async function list(resource: ApiResource, labelSelector?: string): Promise<readonly LiveObject[]> {
    const scopes = resource.namespaced && deps.namespaces.length > 0 ? deps.namespaces : [undefined];
    try {
      const parts = await Promise.all(
        scopes.map((namespace) =>
          limit(() => listMetadata(deps.transport, resource, { signal, namespace, ...(labelSelector ? { labelSelector } : {}) })),
        ),
      );
      const objects = parts.flat();
      listed.set(kindKey(resource), { resource, objects });
      return objects;
    } catch (error) {
      if (isUnknown(error)) deps.discovery.distrust();
      throw error;
    }
  }

  /** One object's metadata; undefined when there is none. */
  async function get({ resource, namespace, name }: Target): Promise<LiveObject | undefined> {
    try {
      const path = objectPath(resource, namespace, name);
      const { body } = await limit(() => deps.transport.request({ path, headers: { accept: METADATA }, signal }));
      const live = isRecord(body) && isRecord(body.metadata) ? metadataOf(body) : undefined;
      if (live?.name === name && live.uid !== undefined) return live;
      throw new FluxError(`${path}: the answer holds no object`, { code: 'cluster/bad-answer' });
    } catch (error) {
      if (error instanceof FluxError && ABSENT.has(error.code)) return undefined;
      if (isUnknown(error)) deps.discovery.distrust();
      throw error;
    }
  }

  async function state(resource: ApiResource, targets: readonly Target[], set: SyncSet): Promise<KindState> {
    if (directory.isExcluded(resource)) return 'excluded';
    if (!resource.verbs.includes('list'))
      return { error: new FluxError('the API server offers no list for it', { code: 'cluster/not-supported' }) };
    try {
      return (await fromView(resource, targets)) ?? (await fromLists(resource, targets, set));
    } catch (error) {
      if (signal?.aborted) throw error;
      return { error: asFluxError(error, { code: 'cluster/list-failed' }) };
    }
  }

  /** From the watch; undefined where the kind cannot be watched, or not by us. */
  async function fromView(resource: ApiResource, targets: readonly Target[]): Promise<KindState | undefined> {
    const view = deps.views.open(resource, directory);
    if (!view) return undefined;
    try {
      await view.current(cancel);
    } catch (error) {
      if (isUnknown(error)) deps.discovery.distrust();
      if (!signal?.aborted && isNoWatch(error)) return undefined;
      throw error;
    }
    watched.set(kindKey(resource), view);
    const watchedOne = ({ namespace, name }: Target) => view.get(namespace, name)?.live;
    const missing = view.marked ? targets.filter((target) => watchedOne(target) === undefined) : [];
    if (missing.length === 0) return { find: watchedOne };
    // Not among the marked ones means new, deleted, or that somebody took our label off.
    const { objects, unknown } =
      missing.length > FEW ? { objects: byKey(resource, await list(resource)), unknown: undefined } : await asked(missing);
    return { find: (target) => watchedOne(target) ?? objects.get(target.key), ...(unknown ? { unknown } : {}) };
  }

  async function asked(missing: readonly Target[]) {
    const objects = new Map<string, LiveObject>();
    const unknown = new Map<string, FluxError>();
    await Promise.all(
      missing.map(async (target) => {
        try {
          const live = await get(target);
          if (live) objects.set(target.key, live);
        } catch (error) {
          if (signal?.aborted) throw error;
          unknown.set(target.key, asFluxError(error, { code: 'cluster/get-failed' }));
        }
      }),
    );
    return { objects, unknown };
  }

  async function fromLists(resource: ApiResource, targets: readonly Target[], set: SyncSet): Promise<KindState> {
    if (targets.every(({ key }) => set.inventory.has(key))) {
      const marked = byKey(resource, await list(resource, MARK_LABEL));
      if (targets.every(({ key }) => marked.has(key))) return { find: ({ key }) => marked.get(key) };
    }
    const objects = byKey(resource, await list(resource));
    return { find: ({ key }) => objects.get(key) };
  }

  async function search(resource: ApiResource, set: SyncSet): Promise<void> {
    const key = kindKey(resource);
    try {
      const objects = await list(resource, MARK_LABEL);
      watched.delete(key);
      set.searchedKinds.add(key);
      if (objects.length > 0) set.kindsWithMarks.set(key, resource);
      else if (!wantedKinds.has(key)) set.kindsWithMarks.delete(key);
    } catch (error) {
      if (signal?.aborted) throw error;
      // Objects of a kind that we may not even list cannot be ours: rights that were never given hold up nothing else.
      if (error instanceof FluxError && error.code === 'cluster/forbidden' && !set.kindsWithMarks.has(key)) {
        set.searchedKinds.add(key);
        return;
      }
      failedLists.add(key);
      deps.log.warn({ kind: key, err: messageOf(error) }, 'cannot list a kind; nothing is deleted in this sync');
    }
  }

  function isSearchable(resource: ApiResource): boolean {
    return !isNeverPruned(resource.kind) && resource.verbs.includes('list') && resource.verbs.includes('delete');
  }

  return {
    async ofWanted(byKind: ReadonlyMap<string, readonly Target[]>, set: SyncSet): Promise<ReadonlyMap<string, KindState>> {
      const states = await Promise.all(
        [...byKind].map(async ([key, targets]): Promise<[string, KindState]> => {
          // Manifests may use several versions of a kind; any served one shows the same objects.
          const resource =
            targets.find(({ needsCrd }) => needsCrd === undefined)?.resource ??
            directory.kinds.find((each) => kindKey(each) === key);
          // Only the set itself defines the kind so far: no object of it can exist.
          if (!resource) return [key, { find: () => undefined }];
          wantedKinds.set(key, resource);
          return [key, await state(resource, targets, set)];
        }),
      );
      const errors = states.flatMap(([key, each]) =>
        typeof each === 'object' && 'error' in each ? [{ key, error: each.error }] : [],
      );
      const [first] = errors;
      if (first && errors.length === states.length && isServerDown(first.error)) throw first.error;
      for (const { key, error } of errors) {
        failedLists.add(key);
        deps.log.warn({ kind: key, err: error.message }, 'cannot list a kind that is in Git; its objects are held');
      }
      return new Map(states);
    },

    /** Looks, by mark, for objects of kinds that Git has none of: where marks were seen, and where nobody looked since we started. */
    async ofUnwanted(set: SyncSet): Promise<void> {
      const due = directory.kinds.filter((resource) => {
        const key = kindKey(resource);
        if (wantedKinds.has(key) || listed.has(key) || !isSearchable(resource)) return false;
        return !set.searchedKinds.has(key) || set.kindsWithMarks.has(key);
      });
      await Promise.all(due.map((resource) => search(resource, set)));
      for (const [key, resource] of wantedKinds) {
        set.kindsWithMarks.set(key, resource);
        set.searchedKinds.add(key);
      }
    },

    /**
     * Lists every kind anew, by mark: before anything is deleted no memory counts, and no kind is left out. Where that fails, what
     * was seen before shows what is held.
     */
    async ofEverything({ kinds }: Directory, set: SyncSet): Promise<void> {
      const due = new Map(kinds.filter(isSearchable).map((resource) => [kindKey(resource), resource]));
      for (const seen of [watched, listed]) for (const key of seen.keys()) if (!due.has(key)) seen.delete(key);
      await Promise.all([...due.values()].map((resource) => search(resource, set)));
    },

    failed: (): readonly string[] => [...failedLists],

    /** Everything seen that carries a mark, ours or another's. */
    *marked(): Generator<{ readonly resource: ApiResource; readonly live: LiveObject }> {
      for (const [key, { resource, objects }] of listed) {
        if (watched.has(key)) continue;
        for (const live of objects) if (live.labels?.[MARK_LABEL] !== undefined) yield { resource, live };
      }
      for (const view of watched.values()) {
        for (const { live } of view.all()) if (live.labels?.[MARK_LABEL] !== undefined) yield { resource: view.resource, live };
      }
    },
  };
}

function byKey(resource: ApiResource, objects: readonly LiveObject[]): ReadonlyMap<string, LiveObject> {
  return new Map(objects.map((live) => [keyOf(resource, resource.namespaced ? live.namespace : undefined, live.name), live]));
}

function isUnknown(error: unknown): boolean {
  return error instanceof FluxError && error.code === 'cluster/unknown-resource';
}

/** We may not watch the kind, or nobody can. */
function isNoWatch(error: unknown): boolean {
  return error instanceof FluxError && (error.code === 'cluster/forbidden' || error.code === 'cluster/not-supported');
}

/** When no list at all could be had for such a reason, the plan as a whole fails. */
function isServerDown(error: unknown): boolean {
  return (
    error instanceof FluxError &&
    (error.code === 'cluster/unreachable' || error.code === 'cluster/unauthorized' || error.code === 'cluster/tls')
  );
}
