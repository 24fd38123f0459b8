import { type Clock, FluxError } from '../base/index.ts';
import { kindKey, kindName } from './api-resource.ts';
import { type DefinedKinds, definedKinds } from './crd.ts';
import { decide } from './decide.ts';
import type { Directory } from './discovery.ts';
import { appliedFrom } from './inventory.ts';
import { createLists, type KindState, type ListDeps } from './lists.ts';
import { gcMark, ignorePolicy } from './ownership.ts';
import { planPrunes } from './plan-prunes.ts';
import { duplicateError, isPlaced, keyOf, place, type Target, type Unplaced } from './scope.ts';
import type { Self } from './self.ts';
import type { Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';
import type { PlanEntry, PlanRequest } from './types.ts';
import { bothWanted, type Wanted, wantedOf } from './wanted.ts';

export interface PlanDeps extends ListDeps {
  readonly clock: Clock;
  readonly manager: string;
  readonly defaultNamespace: string;
  /** Who we are in the cluster; undefined outside of it. */
  readonly self: Self | undefined;
  /** What the other sync sets of this process want. */
  readonly others: readonly Wanted[];
}

export interface Planned {
  readonly steps: readonly Step[];
  /** Kinds that the set itself defines, for naming its objects later. */
  readonly defined: DefinedKinds;
}

/** Flux v1's pace; unknown kinds and deletions look again at once. */
const DIRECTORY_MAX_AGE_MS = 300_000;

/**
 * Compares what Git wants with the metadata of what is there, and decides object by object. What it learns on the way goes into the
 * sync set, except by a preview.
 */
export async function planSync(request: PlanRequest, set: SyncSet, deps: PlanDeps, signal?: AbortSignal): Promise<Planned> {
  const { manifests } = request.desired;
  const defined = definedKinds(manifests);
  const placed = await placeAll(request, defined, deps, signal);
  const targets = placed.all.filter(isPlaced);
  const duplicates = findDuplicates(targets);
  const inRepository = wantedOf(placed.all);
  const claimed = request.desired.errors.length === 0 ? inRepository : bothWanted(set.wanted, inRepository);
  const wanted = targets.filter((target) => !duplicates.has(target.key) && !isIgnoredInGit(target));
  const marks = new Map(wanted.map((target) => [target.key, { target, mark: gcMark(request.syncSet, target.id) }]));
  // Before anything is looked at: what arrives is judged against it.
  if (!request.preview) {
    set.wanted = claimed;
    set.targets = marks;
  }

  const lists = createLists(deps, placed.directory, signal);
  const states = await lists.ofWanted(wanted, set);
  const now = deps.clock.now();
  const steps = placed.all.map((each) => (isPlaced(each) ? stepOf(each) : failed(each)));
  if (request.garbageCollection !== 'off') {
    const { discovery, manager, self, others } = deps;
    const failedEntries = steps.filter(({ entry }) => entry.action === 'failed').length;
    const wantedByAny = [claimed, ...others];
    const pruning = { request, set, discovery, manager, self, lists, inRepository, wantedByAny, failedEntries, now };
    steps.push(...(await planPrunes(pruning, placed.directory, signal)));
  }
  if (!request.preview) forgetAbsent();
  return { steps, defined };

  function stepOf(target: Target): Step {
    const { id, manifest, key, resource } = target;
    const entry = { id, place: manifest.place };
    const twins = duplicates.get(key);
    const state = states.get(kindKey(resource));
    const live = state && typeof state === 'object' && 'objects' in state ? state.objects.get(key) : undefined;
    const idle = (rest: Omit<PlanEntry, 'id' | 'place'>): Step => ({
      act: 'none',
      entry: { ...entry, ...rest },
      target,
      ...(live ? { live } : {}),
    });
    if (twins) return idle({ action: 'failed', error: duplicateError(twins) });
    if (isIgnoredInGit(target)) return idle({ action: 'skip', reason: 'fluxcd.io/ignore: true in Git' });
    if (!resource.verbs.includes('patch')) return idle({ action: 'failed', error: notAppliable(target) });
    const unseen = whyUnseen(state, key);
    if (unseen) {
      const reason = `${kindName(resource)} could not be listed, so nobody knows whether it is to be ignored: ${unseen.message}`;
      return idle({ action: 'held', reason, error: unseen });
    }
    const mark = marks.get(key)?.mark ?? gcMark(request.syncSet, id);
    if (state === 'excluded') {
      return {
        act: 'apply',
        entry: { ...entry, action: 'change', reason: 'its kind is excluded from listing' },
        target,
        mark,
        live,
      };
    }
    const decision = decide({
      checksum: manifest.checksum,
      mark,
      live,
      known: set.inventory.get(key),
      fight: set.fights.get(key),
      manager: deps.manager,
      now,
    });
    if (decision.action === 'unchanged') {
      if (decision.news && live && !request.preview)
        set.inventory.set(key, appliedFrom(live, { checksum: manifest.checksum, mark }, deps.manager));
      return idle({ action: 'unchanged' });
    }
    if (decision.action !== 'create' && decision.action !== 'change') return idle(decision);
    const { action, reason, drift } = decision;
    return { act: 'apply', entry: { ...entry, action, reason }, target, mark, live, ...(drift ? { drift } : {}) };
  }

  /** What is neither in Git nor in the cluster is nothing to remember. */
  function forgetAbsent(): void {
    const kept = new Set(targets.map(({ key }) => key));
    for (const { resource, live } of lists.marked()) kept.add(keyOf(resource, live.namespace, live.name));
    for (const memory of [set.inventory, set.fights]) {
      for (const key of memory.keys()) if (!kept.has(key)) memory.delete(key);
    }
  }
}

function whyUnseen(state: KindState | undefined, key: string): FluxError | undefined {
  if (!state || state === 'excluded') return undefined;
  return 'error' in state ? state.error : state.unknown?.get(key);
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
