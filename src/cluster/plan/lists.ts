import { asFluxError, type ChangedOnly, FluxError, hasCode, type Logger, messageOf } from '../../base/index.ts';
import { formatResourceId, parseApiVersion, type ResourceId } from '../../resource/index.ts';
import { type ApiResource, kindKey } from '../discovery/api-resource.ts';
import type { Directory } from '../discovery/discovery.ts';
import { type Identified, isIdentified, type LiveObject } from '../object/live.ts';
import { MARK_LABEL } from '../object/ownership.ts';
import { replicasHeldByScale } from '../object/scale.ts';
import { findOwnersOfData, isDataHolder } from '../prune/precious.ts';
import { type Candidate, isNeverPruned } from '../prune/prune.ts';
import { type AllowedNamespaces, type Part, partKey } from '../scope/allowed-namespaces.ts';
import { keyOf, type Target } from '../scope/scope.ts';
import { isCurrent, type View, type Views } from '../watch/views.ts';
import { createReads, isUnknownKind, type ReadDeps } from './reads.ts';
import type { SyncSet } from './sync-set.ts';

export interface ListDeps extends ReadDeps {
  readonly views: Views;
  readonly allowed: AllowedNamespaces;
  readonly log: Logger;
  readonly changedOnly: ChangedOnly;
}

/** Up to this many new objects of a kind are read individually; for more, one list of the kind is cheaper. */
const FEW = 8;

/** The live objects of one part of the cluster that are in Git, or why they are unknown; `unknown` is by object key. */
export type PartState =
  | { readonly find: (target: Target) => LiveObject | undefined; readonly unknown?: ReadonlyMap<string, FluxError> }
  | { readonly error: FluxError }
  | 'excluded';

export type Lists = ReturnType<typeof createLists>;

/** The cluster as seen by one plan: watched kinds from memory, others by lists, each requested once. */
export function createLists(deps: ListDeps, directory: Directory, signal: AbortSignal | undefined) {
  const reads = createReads(deps, signal);
  const cancel = signal ? { signal } : {};
  const listed = new Map<string, { readonly part: Part; readonly objects: readonly LiveObject[] }>();
  const watched = new Map<string, View>();
  const wantedParts = new Map<string, Part>();
  const failedLists = new Set<string>();

  async function list(part: Part, label?: string): Promise<readonly LiveObject[]> {
    const objects = await reads.list(part, label);
    listed.set(partKey(part), { part, objects });
    deps.changedOnly.recovered(`list ${partKey(part)}`);
    return objects;
  }

  async function state(part: Part, targets: readonly Target[], set: SyncSet): Promise<PartState> {
    const { resource } = part;
    if (directory.isExcluded(resource)) return 'excluded';
    if (!resource.verbs.includes('list'))
      return { error: new FluxError('the API server does not support listing it', { code: 'cluster/not-supported' }) };
    try {
      return (await fromView(part, targets)) ?? (await fromLists(part, targets, set));
    } catch (error) {
      if (signal?.aborted) throw error;
      return { error: asFluxError(error, { code: 'cluster/list-failed' }) };
    }
  }

  /** From the watch; undefined if the kind cannot be watched, or not by us. */
  async function fromView(part: Part, targets: readonly Target[]): Promise<PartState | undefined> {
    const view = deps.views.open(part, directory);
    if (!view) return undefined;
    try {
      if (!(await isCurrent(view, cancel))) return undefined;
    } catch (error) {
      if (isUnknownKind(error)) deps.discovery.distrust();
      throw error;
    }
    watched.set(partKey(part), view);
    deps.changedOnly.recovered(`list ${partKey(part)}`);
    const watchedOne = ({ namespace, name }: Target) => {
      const kept = view.get(namespace, name);
      const isScaled = kept?.workload !== undefined && replicasHeldByScale(kept.live);
      return isScaled ? { ...kept.live, replicas: kept.workload.rollout.desired } : kept?.live;
    };
    const missing = view.marked ? targets.filter((target) => watchedOne(target) === undefined) : [];
    if (missing.length === 0) return { find: watchedOne };
    // An object that is not among the marked ones is new or deleted, or lost its label.
    const { objects, unknown } =
      missing.length > FEW ? { objects: byKey(part, await list(part)), unknown: undefined } : await asked(missing);
    return { find: (target) => watchedOne(target) ?? objects.get(target.key), ...(unknown ? { unknown } : {}) };
  }

  async function asked(missing: readonly Target[]) {
    const objects = new Map<string, LiveObject>();
    const unknown = new Map<string, FluxError>();
    await Promise.all(
      missing.map(async (target) => {
        try {
          const live = await reads.get(target);
          if (live) objects.set(target.key, live);
        } catch (error) {
          if (signal?.aborted) throw error;
          unknown.set(target.key, asFluxError(error, { code: 'cluster/get-failed' }));
        }
      }),
    );
    return { objects, unknown };
  }

  async function fromLists(part: Part, targets: readonly Target[], set: SyncSet): Promise<PartState> {
    if (targets.every(({ key }) => set.inventory.has(key))) {
      const marked = byKey(part, await list(part, MARK_LABEL));
      if (targets.every(({ key }) => marked.has(key))) return { find: ({ key }) => marked.get(key) };
    }
    const objects = byKey(part, await list(part));
    return { find: ({ key }) => objects.get(key) };
  }

  function warn(kind: string, error: unknown, message: string): void {
    const err = messageOf(error);
    if (deps.changedOnly.hasChanged(`list ${kind}`, err)) deps.log.warn({ kind, err }, message);
  }

  async function search(part: Part, set: SyncSet): Promise<void> {
    const key = partKey(part);
    try {
      const objects = await list(part, MARK_LABEL);
      watched.delete(key);
      set.searchedParts.add(key);
      if (objects.length > 0) set.partsWithMarks.set(key, part);
      else if (!wantedParts.has(key)) set.partsWithMarks.delete(key);
    } catch (error) {
      if (signal?.aborted) throw error;
      // Objects of a kind that we may not list cannot be ours, so missing rights do not block other deletions.
      if (hasCode(error, 'cluster/forbidden') && !set.partsWithMarks.has(key)) {
        set.searchedParts.add(key);
        return;
      }
      failedLists.add(key);
      warn(key, error, 'cannot list a kind; nothing is deleted in this sync');
    }
  }

  function searchable({ kinds }: Directory): readonly Part[] {
    return kinds
      .filter(({ kind, verbs }) => !isNeverPruned(kind) && verbs.includes('list') && verbs.includes('delete'))
      .flatMap((resource) => deps.allowed.partsOf(resource));
  }

  function partOf({ resource, namespace, name }: Target): Part {
    return deps.allowed.partOf(resource, namespace, name);
  }

  return {
    async ofWanted(
      byPart: ReadonlyMap<string, readonly Target[]>,
      set: SyncSet,
    ): Promise<(target: Target) => PartState | undefined> {
      const states = await Promise.all(
        [...byPart].map(async ([key, targets]): Promise<[string, PartState]> => {
          // Manifests may use several versions of a kind; any served version lists the same objects.
          const resource =
            targets.find(({ needsCrd }) => needsCrd === undefined)?.resource ??
            directory.kinds.find((each) => targets.some((target) => kindKey(target.resource) === kindKey(each)));
          // The kind is not served yet, only defined in the set, so no object of it can exist.
          const [first] = targets;
          if (!resource || !first) return [key, { find: () => undefined }];
          const part = { ...partOf(first), resource };
          wantedParts.set(key, part);
          return [key, await state(part, targets, set)];
        }),
      );
      const errors = states.flatMap(([key, each]) =>
        typeof each === 'object' && 'error' in each ? [{ key, error: each.error }] : [],
      );
      const [first] = errors;
      if (first && errors.length === states.length && isServerDown(first.error)) throw first.error;
      for (const { key, error } of errors) {
        failedLists.add(key);
        warn(key, error, 'cannot list a kind that is in Git; its objects are held');
      }
      const found = new Map(states);
      return (target) => found.get(partKey(partOf(target)));
    },

    /** Searches for marked objects of kinds that are not in Git: where marks were seen before, and where this process has not searched yet. */
    async ofUnwanted(set: SyncSet): Promise<void> {
      const due = searchable(directory).filter((part) => {
        const key = partKey(part);
        if (wantedParts.has(key) || listed.has(key)) return false;
        return !set.searchedParts.has(key) || set.partsWithMarks.has(key);
      });
      await Promise.all(due.map((part) => search(part, set)));
      for (const [key, part] of wantedParts) {
        set.partsWithMarks.set(key, part);
        set.searchedParts.add(key);
      }
    },

    /**
     * Lists marked objects of every kind again: before deletions no memory is trusted, and no kind is skipped. If that fails, earlier
     * results show the held deletions.
     */
    async ofEverything(fresh: Directory, set: SyncSet): Promise<void> {
      const due = new Map(searchable(fresh).map((part) => [partKey(part), part]));
      for (const seen of [watched, listed]) for (const key of seen.keys()) if (!due.has(key)) seen.delete(key);
      await Promise.all([...due.values()].map((part) => search(part, set)));
    },

    failed: (): readonly string[] => [...failedLists],

    /**
     * The custom resources that own claims or StatefulSets, by uid. Without the right to list those, each may be an owner; a failed list
     * counts as failed.
     */
    async ownersOfData(fresh: Directory, customs: readonly Candidate[]): Promise<ReadonlyMap<string, string>> {
      const parts = fresh.kinds.filter(isDataHolder).flatMap((resource) => deps.allowed.partsOf(resource));
      try {
        const holders = await Promise.all(
          parts.map(async (part) => {
            const objects = await reads.list(part);
            return objects.map((live) => ({ id: idOf(part.resource, live), live }));
          }),
        );
        return await findOwnersOfData(customs, {
          holders: holders.flat(),
          async ownerOf({ apiVersion, kind, name }, namespace) {
            const { group, version } = parseApiVersion(apiVersion);
            const resource = fresh.find(group, version, kind);
            return resource && reads.get({ resource, namespace: resource.namespaced ? namespace : undefined, name });
          },
        });
      } catch (thrown) {
        if (signal?.aborted) throw thrown;
        const error = asFluxError(thrown, { code: 'cluster/list-failed' });
        if (error.code !== 'cluster/forbidden') {
          failedLists.add('owners of claims');
          warn('owners of claims', error, 'cannot see what custom resources own; nothing is deleted in this sync');
        }
        return new Map(customs.map(({ live }) => [live.uid, `may own claims, which cannot be listed: ${error.message}`]));
      }
    },

    /**
     * All objects with a mark, ours or another's. One without uid is not stored: an aggregated API made it, with the labels of another
     * object.
     */
    *marked(): Generator<{ readonly resource: ApiResource; readonly live: Identified }> {
      for (const [key, { part, objects }] of listed) {
        if (watched.has(key)) continue;
        for (const live of objects) if (isMarked(live)) yield { resource: part.resource, live };
      }
      for (const view of watched.values()) {
        for (const { live } of view.all()) if (isMarked(live)) yield { resource: view.part.resource, live };
      }
    },
  };
}

function isMarked(live: LiveObject): live is Identified {
  return live.labels?.[MARK_LABEL] !== undefined && isIdentified(live);
}

function idOf({ kind }: ApiResource, { namespace, name }: LiveObject): ResourceId {
  return formatResourceId({ namespace, kind, name });
}

function byKey({ resource }: Part, objects: readonly LiveObject[]): ReadonlyMap<string, LiveObject> {
  return new Map(objects.map((live) => [keyOf(resource, resource.namespaced ? live.namespace : undefined, live.name), live]));
}

/** If every list fails for such a reason, the whole plan fails. */
function isServerDown(error: unknown): boolean {
  return (
    error instanceof FluxError &&
    (error.code === 'cluster/unreachable' || error.code === 'cluster/unauthorized' || error.code === 'cluster/tls')
  );
}
