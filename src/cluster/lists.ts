import pLimit from 'p-limit';
import { asFluxError, FluxError, type Logger, messageOf } from '../base/index.ts';
import { type ApiResource, kindKey } from './api-resource.ts';
import type { Directory, Discovery } from './discovery.ts';
import { type LiveObject, listMetadata } from './live.ts';
import { MARK_LABEL } from './ownership.ts';
import { isNeverPruned } from './prune.ts';
import { keyOf, type Target } from './scope.ts';
import type { SyncSet } from './sync-set.ts';
import type { Transport } from './transport.ts';

export interface ListDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly log: Logger;
}

/** Lists at a time: each is a heavy request to the API server. */
const LISTS_IN_FLIGHT = 8;

/** Live objects of one kind, by object key, or why they are not known. */
export type KindView = { readonly objects: ReadonlyMap<string, LiveObject> } | { readonly error: FluxError } | 'excluded';

/** The lists of one plan: one for each kind in use, bounded in number, remembered for the decisions that follow. */
export function createLists(deps: ListDeps, directory: Directory, signal: AbortSignal | undefined) {
  const limit = pLimit(LISTS_IN_FLIGHT);
  const listed = new Map<string, { readonly resource: ApiResource; readonly objects: readonly LiveObject[] }>();
  const wantedKinds = new Map<string, ApiResource>();
  const failedLists = new Set<string>();

  async function list(resource: ApiResource, labelSelector?: string): Promise<readonly LiveObject[]> {
    try {
      const objects = await limit(() =>
        listMetadata(deps.transport, resource, { signal, ...(labelSelector ? { labelSelector } : {}) }),
      );
      listed.set(kindKey(resource), { resource, objects });
      return objects;
    } catch (error) {
      if (isUnknown(error)) deps.discovery.distrust();
      throw error;
    }
  }

  async function view(resource: ApiResource, targets: readonly Target[], set: SyncSet): Promise<KindView> {
    if (directory.isExcluded(resource)) return 'excluded';
    if (!resource.verbs.includes('list'))
      return { error: new FluxError('the API server offers no list for it', { code: 'cluster/not-supported' }) };
    const byKey = (objects: readonly LiveObject[]) =>
      new Map(objects.map((live) => [keyOf(resource, resource.namespaced ? live.namespace : undefined, live.name), live]));
    try {
      if (targets.every(({ key }) => set.inventory.has(key))) {
        const marked = byKey(await list(resource, MARK_LABEL));
        // Missing here means deleted, or that somebody took our label off: only the whole list tells.
        if (targets.every(({ key }) => marked.has(key))) return { objects: marked };
      }
      return { objects: byKey(await list(resource)) };
    } catch (error) {
      if (signal?.aborted) throw error;
      return { error: asFluxError(error, { code: 'cluster/list-failed' }) };
    }
  }

  async function search(resource: ApiResource, set: SyncSet): Promise<void> {
    const key = kindKey(resource);
    try {
      const objects = await list(resource, MARK_LABEL);
      set.searchedKinds.add(key);
      if (objects.length > 0) set.kindsWithMarks.set(key, resource);
      else set.kindsWithMarks.delete(key);
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

  return {
    async ofWanted(wanted: readonly Target[], set: SyncSet): Promise<ReadonlyMap<string, KindView>> {
      const byKind = Map.groupBy(wanted, ({ resource }) => kindKey(resource));
      const views = await Promise.all(
        [...byKind].map(async ([key, targets]): Promise<[string, KindView]> => {
          // Manifests may use several versions of a kind; any served one lists the same objects.
          const resource =
            targets.find(({ needsCrd }) => needsCrd === undefined)?.resource ??
            directory.kinds.find((each) => kindKey(each) === key);
          // Only the set itself defines the kind so far: no object of it can exist.
          if (!resource) return [key, { objects: new Map() }];
          wantedKinds.set(key, resource);
          return [key, await view(resource, targets, set)];
        }),
      );
      const errors = views.flatMap(([key, each]) =>
        typeof each === 'object' && 'error' in each ? [{ key, error: each.error }] : [],
      );
      const [first] = errors;
      if (first && errors.length === views.length && isServerDown(first.error)) throw first.error;
      for (const { key, error } of errors) {
        failedLists.add(key);
        deps.log.warn({ kind: key, err: error.message }, 'cannot list a kind that is in Git; its objects are held');
      }
      return new Map(views);
    },

    /**
     * Lists, by mark, kinds that Git has no object of: `likely` ones are those where marks were seen and those never searched
     * since we started.
     */
    async ofUnwanted({ kinds }: Directory, set: SyncSet, reach: 'likely' | 'all'): Promise<void> {
      const isLikely = (key: string) => !set.searchedKinds.has(key) || set.kindsWithMarks.has(key);
      const due = kinds.filter((resource) => {
        const key = kindKey(resource);
        if (wantedKinds.has(key) || listed.has(key) || isNeverPruned(resource.kind)) return false;
        return resource.verbs.includes('list') && resource.verbs.includes('delete') && (reach === 'all' || isLikely(key));
      });
      await Promise.all(due.map((resource) => search(resource, set)));
      for (const [key, resource] of wantedKinds) {
        set.kindsWithMarks.set(key, resource);
        set.searchedKinds.add(key);
      }
    },

    failed: (): readonly string[] => [...failedLists],

    /** Everything listed that carries a mark, ours or another's. */
    *marked(): Generator<{ readonly resource: ApiResource; readonly live: LiveObject }> {
      for (const { resource, objects } of listed.values()) {
        for (const live of objects) if (live.labels?.[MARK_LABEL] !== undefined) yield { resource, live };
      }
    },
  };
}

function isUnknown(error: unknown): boolean {
  return error instanceof FluxError && error.code === 'cluster/unknown-resource';
}

/** When no list at all could be had for such a reason, the plan as a whole fails. */
function isServerDown(error: unknown): boolean {
  return (
    error instanceof FluxError &&
    (error.code === 'cluster/unreachable' || error.code === 'cluster/unauthorized' || error.code === 'cluster/tls')
  );
}
