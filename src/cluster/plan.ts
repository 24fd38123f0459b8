import pLimit from 'p-limit';
import { asFluxError, FluxError, type Logger } from '../base/index.ts';
import { formatResourceId, type ResourceId } from '../resource/index.ts';
import { type ApiResource, kindKey, kindName } from './api-resource.ts';
import { type DefinedKinds, definedKinds } from './crd.ts';
import type { Directory, Discovery } from './discovery.ts';
import { stillStands } from './inventory.ts';
import { type LiveObject, listMetadata } from './live.ts';
import { gcMark, ignorePolicy, lastForeignManager, MARK_LABEL } from './ownership.ts';
import { type Candidate, isMarkedOurs, isNeverPruned, judgePrunes } from './prune.ts';
import { duplicateError, isPlaced, keyOf, place, type Target, type Unplaced } from './scope.ts';
import type { Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';
import type { Transport } from './transport.ts';
import type { PlanEntry, PlanRequest } from './types.ts';

export interface PlanDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly log: Logger;
  readonly manager: string;
  readonly defaultNamespace: string;
}

export interface Planned {
  readonly steps: readonly Step[];
  /** Kinds that the set itself defines, for naming its objects later. */
  readonly defined: DefinedKinds;
}

/** Flux v1's pace; unknown kinds and deletions look again at once. */
const DIRECTORY_MAX_AGE_MS = 300_000;
/** Lists at a time: each is a heavy request to the API server. */
const LISTS_IN_FLIGHT = 8;

/** Live objects of one kind, by object key, or why they are not known. */
type KindView = { readonly objects: ReadonlyMap<string, LiveObject> } | { readonly error: FluxError } | 'excluded';

/** Compares what Git wants with the metadata of what is there, and decides object by object. */
export async function planSync(request: PlanRequest, set: SyncSet, deps: PlanDeps, signal?: AbortSignal): Promise<Planned> {
  const { manifests } = request.desired;
  const defined = definedKinds(manifests);
  const placed = await placeAll(request, defined, deps, signal);
  const { directory } = placed;
  const targets = placed.all.filter(isPlaced);
  const duplicates = findDuplicates(targets);
  const wanted = targets.filter((target) => !duplicates.has(target.key) && !isIgnoredInGit(target));

  const lists = createLists(deps, directory, signal);
  const views = await lists.ofWanted(wanted, set);
  const steps = placed.all.map((each) => (isPlaced(each) ? decide(each) : failed(each)));

  function decide(target: Target): Step {
    const { id, manifest, key } = target;
    const entry = { id, place: manifest.place };
    const twins = duplicates.get(key);
    const view = views.get(kindKey(target.resource));
    const live = view && typeof view === 'object' && 'objects' in view ? view.objects.get(key) : undefined;
    const idle = (rest: Omit<PlanEntry, 'id' | 'place'>): Step => ({
      act: 'none',
      entry: { ...entry, ...rest },
      target,
      ...(live ? { live } : {}),
    });
    if (twins) return idle({ action: 'failed', error: duplicateError(twins) });
    if (isIgnoredInGit(target)) return idle({ action: 'skip', reason: 'fluxcd.io/ignore: true in Git' });
    if (!target.resource.verbs.includes('patch')) return idle({ action: 'failed', error: notAppliable(target) });
    if (view && typeof view === 'object' && 'error' in view) {
      return idle({
        action: 'held',
        reason: `${kindName(target.resource)} could not be listed, so nobody knows whether it is to be ignored: ${view.error.message}`,
        error: view.error,
      });
    }
    const mark = gcMark(request.syncSet, id);
    const apply = (action: 'create' | 'change', reason: string): Step => ({
      act: 'apply',
      entry: { ...entry, action, reason },
      target,
      mark,
      live,
    });
    if (view === 'excluded') return apply('change', 'its kind is excluded from listing');
    if (!live) return apply('create', 'not in the cluster');
    if (ignorePolicy(live.annotations) === 'true')
      return idle({ action: 'skip', reason: 'fluxcd.io/ignore: true in the cluster' });
    if (live.deletionTimestamp !== undefined) {
      return idle({
        action: 'held',
        reason: `it is being deleted since ${live.deletionTimestamp}; it is created again once it is gone`,
      });
    }
    const known = set.inventory.get(key);
    if (!known) return apply('change', 'not applied since this daemon started');
    if (known.checksum !== manifest.checksum || known.mark !== mark) return apply('change', 'changed in Git');
    if (stillStands(known, live, deps.manager)) {
      if (known.resourceVersion !== live.resourceVersion)
        set.inventory.set(key, { ...known, resourceVersion: live.resourceVersion ?? '' });
      return idle({ action: 'unchanged' });
    }
    return apply('change', driftReason(live, mark, deps.manager));
  }

  if (request.garbageCollection !== 'off') {
    steps.push(...(await planPrunes(request.garbageCollection)));
  }
  forgetAbsent();
  return { steps, defined };

  async function planPrunes(mode: 'dry' | 'on'): Promise<Step[]> {
    const searched = await lists.ofUnwanted(set);
    const claimed = new Set(placed.all.map(({ id }) => id));
    // An object that several groups serve is one object.
    const seen = new Set<string>();
    const candidates: Candidate[] = [];
    const ours: Candidate[] = [];
    for (const { resource, live } of lists.marked()) {
      const candidate = candidateOf(resource, live, set);
      if (live.uid !== undefined && seen.has(live.uid)) continue;
      if (live.uid !== undefined) seen.add(live.uid);
      (claimed.has(candidate.id) ? ours : candidates).push(candidate);
    }
    const strangers = candidates.filter((candidate) => isMarkedOurs(candidate, request));
    if (strangers.length === 0) return [];
    const { missing } = await deps.discovery.look(0, signal);
    const judged = judgePrunes(
      strangers,
      { syncSet: request.syncSet, manager: deps.manager },
      {
        mode,
        desiredErrors: request.desired.errors.length,
        failedEntries: steps.filter(({ entry }) => entry.action === 'failed').length,
        missingApis: missing,
        failedLists: searched.failed,
        setSize: strangers.length + ours.filter((each) => isMarkedOurs(each, request)).length,
        allowPrune: request.allowPrune ?? 0,
      },
    );
    const inOrder = judged.toSorted((a, b) => (a.candidate.id < b.candidate.id ? -1 : 1));
    return inOrder.map(({ candidate: { id, resource, live }, verdict }): Step => {
      const entry: PlanEntry = { id, ...verdict };
      return verdict.action === 'prune' ? { act: 'delete', entry, resource, live } : { act: 'none', entry };
    });
  }

  /** What is neither in Git nor in the cluster is nothing to remember. */
  function forgetAbsent(): void {
    const kept = new Set(targets.map(({ key }) => key));
    for (const { resource, live } of lists.marked()) kept.add(keyOf(resource, live.namespace, live.name));
    for (const key of set.inventory.keys()) if (!kept.has(key)) set.inventory.delete(key);
  }
}

interface Placed {
  readonly directory: Directory;
  readonly all: readonly (Target | Unplaced)[];
}

/** Places all manifests; when a kind is unknown, looks at the API once more before giving up. */
async function placeAll(
  request: PlanRequest,
  defined: DefinedKinds,
  deps: PlanDeps,
  signal: AbortSignal | undefined,
): Promise<Placed> {
  const { manifests } = request.desired;
  const against = (directory: Directory): Placed => ({
    directory,
    all: manifests.map((manifest) => place(manifest, { directory, defined, defaultNamespace: deps.defaultNamespace })),
  });
  const first = against(await deps.discovery.look(DIRECTORY_MAX_AGE_MS, signal));
  const unsure = first.all.some((each) => (isPlaced(each) ? each.needsCrd !== undefined : each.unknownKind));
  return unsure ? against(await deps.discovery.look(0, signal)) : first;
}

function findDuplicates(targets: readonly Target[]): ReadonlyMap<string, readonly Target[]> {
  const byKey = Map.groupBy(targets, ({ key }) => key);
  return new Map([...byKey].filter(([, twins]) => twins.length > 1));
}

function isIgnoredInGit({ manifest }: Target): boolean {
  return ignorePolicy(manifest.object.metadata.annotations) === 'true';
}

function failed({ manifest, id, error }: Unplaced): Step {
  return { act: 'none', entry: { id, place: manifest.place, action: 'failed', error } };
}

function notAppliable({ resource }: Target): FluxError {
  return new FluxError(`${kindName(resource)} cannot be applied: the API server offers no patch for it`, {
    code: 'cluster/not-supported',
    fault: 'user',
    help: 'Objects of this kind cannot be kept in Git.',
  });
}

function driftReason(live: LiveObject, mark: string, manager: string): string {
  const other = live.labels?.[MARK_LABEL];
  if (other !== undefined && other !== mark) return 'marked by another Flux, or another repository: both want it';
  const who = lastForeignManager(live, manager);
  return `changed in the cluster${who ? ` by ${who}` : ''}`;
}

function candidateOf(resource: ApiResource, live: LiveObject, set: SyncSet): Candidate {
  const id: ResourceId = formatResourceId({ namespace: live.namespace, kind: resource.kind, name: live.name });
  const applied = set.inventory.get(keyOf(resource, live.namespace, live.name));
  return { id, resource, live, ...(applied ? { appliedUid: applied.uid } : {}) };
}

/** The lists of one plan: one for each kind in use, bounded in number, remembered for the decisions that follow. */
function createLists(deps: PlanDeps, directory: Directory, signal: AbortSignal | undefined) {
  const limit = pLimit(LISTS_IN_FLIGHT);
  const listed = new Map<string, { readonly resource: ApiResource; readonly objects: readonly LiveObject[] }>();
  const wantedKinds = new Map<string, ApiResource>();
  const failedLists: string[] = [];

  async function list(resource: ApiResource, labelSelector?: string): Promise<readonly LiveObject[]> {
    const objects = await limit(() =>
      listMetadata(deps.transport, resource, { signal, ...(labelSelector ? { labelSelector } : {}) }),
    );
    listed.set(kindKey(resource), { resource, objects });
    return objects;
  }

  async function view(resource: ApiResource, targets: readonly Target[], set: SyncSet): Promise<KindView> {
    if (directory.isExcluded(resource)) return 'excluded';
    // Only the set itself defines the kind so far: no object of it can exist.
    if (targets.every(({ needsCrd }) => needsCrd !== undefined)) return { objects: new Map() };
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

  return {
    async ofWanted(wanted: readonly Target[], set: SyncSet): Promise<ReadonlyMap<string, KindView>> {
      const byKind = Map.groupBy(wanted, ({ resource }) => kindKey(resource));
      const views = await Promise.all(
        [...byKind].map(async ([key, targets]): Promise<[string, KindView]> => {
          // When manifests use two versions of a kind, either lists the same objects; a served one must be chosen.
          const [resource] = targets
            .toSorted((a, b) => Number(a.needsCrd !== undefined) - Number(b.needsCrd !== undefined))
            .map((each) => each.resource);
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
        failedLists.push(key);
        deps.log.warn({ kind: key, err: error.message }, 'cannot list a kind that is in Git; its objects are held');
      }
      return new Map(views);
    },

    /** Lists, by mark, kinds that Git has no object of: all of them once, later those where marks were seen. */
    async ofUnwanted(set: SyncSet): Promise<{ readonly failed: readonly string[] }> {
      const due = directory.kinds.filter(
        (resource) =>
          !wantedKinds.has(kindKey(resource)) &&
          !isNeverPruned(resource.kind) &&
          resource.verbs.includes('list') &&
          resource.verbs.includes('delete') &&
          (!set.searchedKinds.has(kindKey(resource)) || set.kindsWithMarks.has(kindKey(resource))),
      );
      await Promise.all(
        due.map(async (resource) => {
          const key = kindKey(resource);
          try {
            const objects = await list(resource, MARK_LABEL);
            set.searchedKinds.add(key);
            if (objects.length > 0) set.kindsWithMarks.set(key, resource);
            else set.kindsWithMarks.delete(key);
          } catch (error) {
            if (signal?.aborted) throw error;
            // Objects of a kind that we may not even list cannot be ours: rights that were never given hold up nothing else.
            if (error instanceof FluxError && error.code === 'cluster/forbidden' && !set.kindsWithMarks.has(key)) return;
            failedLists.push(key);
            deps.log.warn({ kind: key, err: (error as Error).message }, 'cannot list a kind; nothing is deleted in this sync');
          }
        }),
      );
      for (const [key, resource] of wantedKinds) {
        set.kindsWithMarks.set(key, resource);
        set.searchedKinds.add(key);
      }
      return { failed: failedLists };
    },

    /** Everything listed that carries a mark, ours or another's. */
    *marked(): Generator<{ readonly resource: ApiResource; readonly live: LiveObject }> {
      for (const { resource, objects } of listed.values()) {
        for (const live of objects) if (live.labels?.[MARK_LABEL] !== undefined) yield { resource, live };
      }
    },
  };
}

/** When no list at all could be had for such a reason, the plan as a whole fails. */
function isServerDown(error: unknown): boolean {
  return (
    error instanceof FluxError &&
    (error.code === 'cluster/unreachable' || error.code === 'cluster/unauthorized' || error.code === 'cluster/tls')
  );
}
