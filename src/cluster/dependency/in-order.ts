import { yieldTurn } from '../../base/index.ts';
import { type Change, type HealthState, isApplied } from '../../change/index.ts';
import { type Dependency, type Dependent, type DesiredState, isOfPart, isWorkload } from '../../resource/index.ts';
import { type Inventory, wasApplied } from '../plan/inventory.ts';
import type { ApplyStep, Step } from '../plan/step.ts';
import type { Target } from '../scope/scope.ts';
import { type Gate, gateAfter, gateOf, type Member, type Reached } from './gate.ts';
import { createMembers, type WantedStep } from './members.ts';

/** Workloads that have to be healthy before a part of the revision is applied. */
export interface HealthWait {
  readonly targets: readonly Target[];
}

interface Decided {
  readonly dependent: Dependent;
  readonly gate: Gate;
}

/** A part that was left as it is in the cluster. */
export interface Waiting {
  /** Its name, and what it waits for. */
  readonly reason: string;
  /** Absent unless only health is missing. */
  readonly health?: HealthWait;
}

export interface OrderedApply {
  readonly desired: Pick<DesiredState, 'dependents' | 'errors'>;
  readonly inventory: Inventory;
  /** The outcome of each step so far; those that wait are added. */
  readonly changes: Map<Step, Change>;
  readonly healthOf: (target: Target) => HealthState;
  /** Applies some of the steps, and resolves when the outcome of each is among the changes. */
  readonly apply: (steps: readonly ApplyStep[]) => Promise<void>;
}

/**
 * Applies what depends on nothing first, then each part as soon as its dependencies allow it. A part whose dependencies do not is held as
 * a whole. A part of which no manifest has changed since it was applied is not held up: what corrects it is applied at once.
 */
export async function applyInOrder(steps: readonly Step[], context: OrderedApply): Promise<readonly Waiting[]> {
  const { desired, inventory, changes, healthOf, apply } = context;
  const members = createMembers(steps);
  const applies = steps.filter((step) => step.act === 'apply');
  const open = new Set((desired.dependents ?? []).filter((each) => due(each).some((step) => !wasApplied(step, inventory))));
  const holders = new Map<Step, Dependent[]>();
  for (const each of open) for (const step of due(each)) holders.set(step, [...(holders.get(step) ?? []), each]);
  const unread = new Map<Dependency, boolean>();
  const waiting: Waiting[] = [];

  await apply(applies.filter(isFree));
  while (open.size > 0) {
    const gates = await decideAll();
    const passing = gates.filter(({ gate }) => gate.state === 'open');
    const closed = gates.filter(({ gate }) => gate.state === 'closed');
    for (const { dependent } of passing) open.delete(dependent);
    if (passing.length > 0) await apply(applies.filter(isFree));
    // Dependents of what waits are decided about afterwards. Without progress, they would wait for each other.
    else for (const each of closed.length > 0 ? closed : gates) hold(each);
  }
  return waiting;

  function due(dependent: Dependent): readonly ApplyStep[] {
    return members(dependent).filter((step) => step.act === 'apply');
  }

  function isFree(step: ApplyStep): boolean {
    return !changes.has(step) && !holders.get(step)?.some((each) => open.has(each));
  }

  /** Many parts may depend on the same, so each dependency is looked at once. */
  async function decideAll(): Promise<readonly Decided[]> {
    const known = new Map<Dependency, Gate>();
    const gates: Decided[] = [];
    for (const dependent of open) {
      for (const dependency of dependent.after) {
        if (known.has(dependency)) continue;
        await yieldTurn();
        known.set(dependency, gateAfter(dependency, reached(dependency)));
      }
      gates.push({ dependent, gate: gateOf(dependent.after.flatMap((each) => known.get(each) ?? [])) });
    }
    return gates;
  }

  function reached(dependency: Dependency): Reached {
    const isUnread = unread.get(dependency) ?? desired.errors.some((problem) => isOfPart(problem, dependency));
    unread.set(dependency, isUnread);
    return { isUnread, members: members(dependency).map((step) => memberOf(step, dependency)) };
  }

  function memberOf(step: WantedStep, { healthy }: Dependency): Member {
    const { id } = step.entry;
    const change = changes.get(step);
    if (!change) return { id };
    const { outcome, waitsFor } = change;
    const isFollowed = healthy && isApplied(change) && step.target && isWorkload({ ...step.target.manifest.object });
    return {
      ...{ id, outcome },
      ...(waitsFor ? { waitsFor } : {}),
      ...(isFollowed && step.target ? { health: healthOf(step.target) } : {}),
    };
  }

  function hold({ dependent, gate }: Decided): void {
    open.delete(dependent);
    const { wait, reason, byHealth } = gate.state === 'closed' ? gate : UNDECIDED;
    for (const step of due(dependent)) {
      if (changes.has(step)) continue;
      const { id, inGit, place } = step.entry;
      changes.set(step, { id, inGit, place, outcome: 'held', reason, waitsFor: wait });
    }
    const health = byHealth ? { health: { targets: dependent.after.flatMap(workloadsOf) } } : {};
    waiting.push({ reason: `${dependent.name} ${reason}`, ...health });
  }

  function workloadsOf(dependency: Dependency): readonly Target[] {
    if (!dependency.healthy) return [];
    return members(dependency).flatMap(({ target }) => (target && isWorkload({ ...target.manifest.object }) ? target : []));
  }
}

const UNDECIDED = { wait: { path: '.', forHealth: false }, reason: 'waits for what waits for it', byHealth: false };
