import { type Clock, FluxError, timeOfDay, yieldTurn } from '../../base/index.ts';
import type { IdleVerdict, InGit, Orphan, PlanRequest } from '../../change/index.ts';
import { duplicateError, type ResourceId } from '../../resource/index.ts';
import { kindName } from '../discovery/api-resource.ts';
import { DIRECTORY_MAX_AGE_MS, type Directory } from '../discovery/discovery.ts';
import { isIdentified, type LiveObject } from '../object/live.ts';
import { gcMark } from '../object/ownership.ts';
import { replicasOf } from '../object/scale.ts';
import { planPrunes } from '../prune/plan-prunes.ts';
import type { Self } from '../prune/self.ts';
import { bothWanted } from '../prune/wanted.ts';
import { type Excluded, isExcluded, isPlaced, keyOf, type Placed, type Target, type Unplaced } from '../scope/scope.ts';
import { decide, MAY_BE_LATER } from './decide.ts';
import { escalationWarning } from './escalation.ts';
import { appliedFrom } from './inventory.ts';
import { isIgnoredInGit, type LayOut, type Layout } from './layout.ts';
import { leftToAnother } from './left-to-another.ts';
import { createLists, type ListDeps, type PartState } from './lists.ts';
import { settleReplicas } from './replicas.ts';
import { rivalsOf } from './rivals.ts';
import type { IdleStep, Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';

export interface PlanDeps extends ListDeps {
  readonly layOut: LayOut;
  readonly clock: Clock;
  readonly manager: string;
  /** Our identity in the cluster; undefined outside it. */
  readonly self: Self | undefined;
  /** The sync sets of the other sources of this process. */
  readonly others: readonly SyncSet[];
}

export interface Planned {
  readonly steps: readonly Step[];
  /** Empty without garbage collection, since orphans are then not searched. */
  readonly orphans: readonly Orphan[];
  /** Whether deletions wait for approval; undefined without garbage collection. */
  readonly unconfirmed: boolean | undefined;
  readonly layout: Layout;
}

/** Objects decided in one turn of the event loop, about 3 ms. */
const TURN = 500;

/**
 * Compares the objects in Git with the metadata of live objects, and decides object by object. What it learns is stored in the sync set,
 * except in a preview.
 */
export async function planSync(request: PlanRequest, set: SyncSet, deps: PlanDeps, signal?: AbortSignal): Promise<Planned> {
  const layout = await layOutAll(request, deps, signal);
  const { placed, duplicates, targets, inRepository, directory } = layout;
  const claimed = request.desired.errors.length === 0 ? inRepository : bothWanted(set.wanted, inRepository);
  const isNew = set.targets !== targets;
  const maybeApplied = request.maybeApplied && checksumsOf(deps.layOut(request.maybeApplied, directory, { keep: false }));
  if (!request.preview) {
    set.wanted = claimed;
    // Set before reading anything, since arriving events are compared with it.
    set.targets = targets;
    set.maybeApplied = maybeApplied;
    set.defined = layout.defined;
    set.isPlanned = true;
    set.isWaiting = false;
  }

  const lists = createLists(deps, directory, signal);
  const stateOf = await lists.ofWanted(layout.byPart, set);
  const rivals = await rivalsOf(
    { set, others: deps.others, layout, directory, liveOf: (target) => foundIn(stateOf(target), target) },
    signal,
  );
  const now = deps.clock.monotonic();
  let steps: Step[] = [];
  /** The manifests without a location in this cluster. */
  const unplaced = new Set<ResourceId>();
  for (const each of placed) {
    if (steps.length % TURN === 0) await yieldTurn(signal);
    if (isRepeated(each)) continue;
    steps.push(isPlaced(each) ? stepOf(each) : isExcluded(each) ? excluded(each) : failed(each));
  }
  /** The objects that an earlier process applied last, determined on demand. */
  const before = lazily(() => request.before && deps.layOut(request.before, directory, { keep: false }));
  steps = [...(await settleReplicas(steps, { transport: deps.transport, directory, appliedBefore }, signal))];
  let orphans: readonly Orphan[] = [];
  let unconfirmed: boolean | undefined;
  if (request.garbageCollection !== 'off') {
    const { discovery, allowed, manager, self, others } = deps;
    const failedEntries = steps.filter(({ entry }) => entry.action === 'failed').length;
    const pruning = {
      request,
      set,
      discovery,
      allowed,
      manager,
      self,
      lists,
      layout,
      before,
      claimed,
      others,
      failedEntries,
      now,
      timeOf: (moment: number) => timeOfDay(deps.clock, moment),
    };
    const prunes = await planPrunes(pruning, directory, signal);
    steps.push(...prunes.steps);
    ({ orphans, unconfirmed } = prunes);
  }
  if (isNew && !request.preview) forgetAbsent();
  return { steps, orphans, layout, unconfirmed };

  /** An object that is defined several times is reported once; its error lists all locations. */
  function isRepeated(each: Placed): boolean {
    if (isPlaced(each)) return (duplicates.get(each.key)?.[0] ?? each) !== each;
    if (!isExcluded(each) && !each.unknownKind) return false;
    const isTold = unplaced.has(each.id);
    unplaced.add(each.id);
    return isTold;
  }

  function stepOf(target: Target): Step {
    const { id, manifest, key, resource } = target;
    const object: InGit = { id, inGit: true, place: manifest.place };
    const twins = duplicates.get(key);
    const state = stateOf(target);
    const live = foundIn(state, target);
    const idle = (verdict: IdleVerdict): IdleStep => ({
      act: 'none',
      entry: { ...object, ...verdict },
      target,
      ...(live ? { live } : {}),
    });
    if (twins) {
      const places = twins.map((each) => each.manifest.place);
      return { ...idle({ action: 'failed', error: duplicateError(id, places) }), places };
    }
    if (isIgnoredInGit(target)) return idle({ action: 'skip', reason: 'fluxcd.io/ignore: true in Git' });
    if (!resource.verbs.includes('patch')) return idle({ action: 'failed', error: notAppliable(target) });
    const unseen = whyUnseen(state, key);
    if (unseen) {
      const reason = `${kindName(resource)} could not be read, so it is unknown whether it is ignored: ${unseen.message}`;
      return idle({ action: 'held', reason, error: unseen });
    }
    const mark = targets.get(key)?.mark ?? gcMark(request.syncSet, id);
    const left = leftToAnother({ id, key, live, mark }, set, rivals);
    if (left !== undefined && !request.preview) set.isWaiting = true;
    const later = maybeApplied && (maybeApplied.get(key) ?? '');
    if (state === 'excluded' && left === undefined) {
      if (later !== undefined && later !== manifest.checksum) return idle({ action: 'held', reason: MAY_BE_LATER });
      return {
        act: 'apply',
        entry: { ...object, action: 'change', reason: 'its kind is excluded from listing' },
        target,
        mark,
        live,
        ...flagged(target),
      };
    }
    const decision = decide({
      checksum: manifest.checksum,
      mark,
      live,
      leftToAnother: left,
      later,
      known: set.inventory.get(key),
      fight: set.fights.get(key),
      manager: deps.manager,
      now,
    });
    if (decision.action === 'unchanged') {
      if (decision.news && live && isIdentified(live) && !request.preview)
        set.inventory.set(key, appliedFrom(live, manifest, mark, deps.manager));
      return idle({ action: 'unchanged' });
    }
    if (decision.action === 'skip' || decision.action === 'held') return idle(decision);
    const { action, reason, isDrift } = decision;
    const drift = isDrift ? { isDrift } : {};
    const cause = isDrift ? undefined : request.changeCauses?.get(manifest.checksum);
    const changeCause = cause === undefined ? {} : { changeCause: cause };
    return {
      act: 'apply',
      entry: { ...object, action, reason },
      target,
      mark,
      live,
      ...drift,
      ...changeCause,
      ...flagged(target),
    };
  }

  function appliedBefore({ key }: Target): { readonly replicas: number | undefined } | undefined {
    const known = set.inventory.get(key);
    if (known) return known;
    const manifest = before()?.targets.get(key)?.target.manifest;
    return manifest && { replicas: replicasOf(manifest.object) };
  }

  function flagged(target: Target): { readonly warnings: readonly FluxError[] } {
    const warning = escalationWarning(target, deps.self);
    return { warnings: warning ? [warning] : [] };
  }

  /** Drops objects that are neither in Git nor in the cluster. */
  function forgetAbsent(): void {
    const unwanted = [set.inventory, set.fights, set.refused].map((memory) => ({
      memory,
      keys: [...memory.keys()].filter((key) => !targets.has(key)),
    }));
    if (unwanted.every(({ keys }) => keys.length === 0)) return;
    const kept = new Set(placed.flatMap((each) => (isPlaced(each) ? [each.key] : [])));
    for (const { resource, live } of lists.marked()) kept.add(keyOf(resource, live.namespace, live.name));
    for (const { memory, keys } of unwanted) for (const key of keys) if (!kept.has(key)) memory.delete(key);
  }
}

function checksumsOf({ targets }: Layout): ReadonlyMap<string, string> {
  return new Map([...targets].map(([key, { target }]) => [key, target.manifest.checksum]));
}

/** Memoizes a value. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function foundIn(state: PartState | undefined, target: Target): LiveObject | undefined {
  return state && typeof state === 'object' && 'find' in state ? state.find(target) : undefined;
}

function whyUnseen(state: PartState | undefined, key: string): FluxError | undefined {
  if (!state || state === 'excluded') return undefined;
  return 'error' in state ? state.error : state.unknown?.get(key);
}

/** Locates all objects; repeats discovery once if a kind is unknown. */
async function layOutAll({ desired, preview }: PlanRequest, deps: PlanDeps, signal: AbortSignal | undefined): Promise<Layout> {
  const layOut = (directory: Directory) => deps.layOut(desired.manifests, directory, { keep: !preview });
  const first = layOut(await deps.discovery.look(DIRECTORY_MAX_AGE_MS, signal));
  return first.placed.some(isUnsure) ? layOut(await deps.discovery.look(0, signal)) : first;
}

/** Whether another discovery may resolve it. */
function isUnsure(each: Placed): boolean {
  if (isPlaced(each)) return each.needsCrd !== undefined;
  return !isExcluded(each) && each.unknownKind === true;
}

function failed({ manifest, id, error }: Unplaced): Step {
  return { act: 'none', entry: { id, inGit: true, place: manifest.place, action: 'failed', error } };
}

function excluded({ manifest, id, reason }: Excluded): Step {
  return { act: 'none', entry: { id, inGit: true, place: manifest.place, action: 'skip', reason, excluded: true } };
}

function notAppliable({ resource }: Target): FluxError {
  return new FluxError(`${kindName(resource)} cannot be applied: the API server does not support patching it`, {
    code: 'cluster/not-supported',
    fault: 'user',
    help: 'Objects of this kind cannot be managed in Git.',
  });
}
