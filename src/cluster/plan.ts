import { FluxError, type Logger } from '../base/index.ts';
import { formatResourceId, type ResourceId } from '../resource/index.ts';
import { type ApiResource, kindKey, kindName } from './api-resource.ts';
import { type DefinedKinds, definedKinds } from './crd.ts';
import type { Directory, Discovery } from './discovery.ts';
import { stillStands } from './inventory.ts';
import { createLists } from './lists.ts';
import type { LiveObject } from './live.ts';
import { gcMark, ignorePolicy, lastForeignManager, MARK_LABEL } from './ownership.ts';
import { type Candidate, forgetOldDeletes, isMarkedOurs, type Judged, judgePrunes } from './prune.ts';
import { duplicateError, isPlaced, keyOf, place, type Target, type Unplaced } from './scope.ts';
import type { Self } from './self.ts';
import type { Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';
import type { Transport } from './transport.ts';
import type { PlanEntry, PlanRequest } from './types.ts';
import { bothWanted, byOwner, type Wanted, wantedOf } from './wanted.ts';

export interface PlanDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly log: Logger;
  readonly manager: string;
  readonly defaultNamespace: string;
  /** Who we are in the cluster; undefined outside of it. */
  readonly self: Self | undefined;
  /** What the other sync sets of this process want. */
  readonly others: readonly Wanted[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Planned {
  readonly steps: readonly Step[];
  /** Kinds that the set itself defines, for naming its objects later. */
  readonly defined: DefinedKinds;
}

/** Flux v1's pace; unknown kinds and deletions look again at once. */
const DIRECTORY_MAX_AGE_MS = 300_000;
/** Compares what Git wants with the metadata of what is there, and decides object by object. */
export async function planSync(request: PlanRequest, set: SyncSet, deps: PlanDeps, signal?: AbortSignal): Promise<Planned> {
  const { manifests } = request.desired;
  const defined = definedKinds(manifests);
  const placed = await placeAll(request, defined, deps, signal);
  const { directory } = placed;
  const targets = placed.all.filter(isPlaced);
  const duplicates = findDuplicates(targets);
  const inRepository = wantedOf(placed.all);
  set.wanted = request.desired.errors.length === 0 ? inRepository : bothWanted(set.wanted, inRepository);
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
    if (known.checksum !== manifest.checksum) return apply('change', 'changed in Git');
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
    forgetOldDeletes(set.deletes, deps.now);
    await lists.ofUnwanted(directory, set, 'likely');
    let judged = judge(mode, directory.missing);
    if (judged.some(({ verdict }) => verdict.action === 'prune')) {
      // Before anything is deleted, every kind has been looked at: a round that cannot see all of them deletes nothing.
      const fresh = await deps.discovery.look(0, signal);
      await lists.ofUnwanted(fresh, set, 'all');
      judged = judge(mode, fresh.missing);
    }
    const inOrder = judged.toSorted((a, b) => (a.candidate.id < b.candidate.id ? -1 : 1));
    return inOrder.map(({ candidate: { id, resource, live }, verdict }): Step => {
      const entry: PlanEntry = { id, ...verdict, ...(live.uid ? { uid: live.uid } : {}) };
      return verdict.action === 'prune' ? { act: 'delete', entry, resource, live } : { act: 'none', entry };
    });
  }

  function judge(mode: 'dry' | 'on', missingApis: readonly string[]): readonly Judged[] {
    const wanted = [set.wanted, ...deps.others];
    // An object that several groups serve is one object.
    const seen = new Set<string>();
    const inGit: Candidate[] = [];
    const notInGit: Candidate[] = [];
    for (const { resource, live } of lists.marked()) {
      if (live.uid !== undefined && seen.has(live.uid)) continue;
      if (live.uid !== undefined) seen.add(live.uid);
      const candidate = candidateOf(resource, live, set);
      (inRepository.ids.has(candidate.id) ? inGit : notInGit).push(candidate);
    }
    for (const { live, appliedUid } of inGit.filter((each) => !isMarkedOurs(each, request)))
      if (appliedUid !== undefined && appliedUid === live.uid) set.contested.add(appliedUid);
    const left = notInGit.filter((candidate) => isMarkedOurs(candidate, request));
    if (left.length === 0) return [];
    return judgePrunes(
      left,
      {
        syncSet: request.syncSet,
        manager: deps.manager,
        self: deps.self,
        wanted,
        owned: byOwner([...inGit, ...notInGit].filter(({ id }) => wanted.some(({ ids }) => ids.has(id)))),
        contested: set.contested,
        deletes: set.deletes,
        now: deps.now,
      },
      {
        mode,
        desiredErrors: request.desired.errors.length,
        failedEntries: steps.filter(({ entry }) => entry.action === 'failed').length,
        missingApis,
        failedLists: lists.failed(),
        setSize: left.length + inGit.filter((each) => isMarkedOurs(each, request)).length,
        allowPrune: request.allowPrune ?? 0,
        approved: request.approved ?? [],
      },
    );
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
