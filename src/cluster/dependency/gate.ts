import { firstOf } from '../../base/index.ts';
import type { HealthState, Outcome, Wait } from '../../change/index.ts';
import type { Dependency, ResourceId } from '../../resource/index.ts';

/** An object of the revision, as far as a sync is with it. */
export interface Member {
  readonly id: ResourceId;
  /** Absent until it was tried. */
  readonly outcome?: Outcome;
  /** What it waits for itself, if that is its outcome. */
  readonly waitsFor?: Wait;
  /** How it is; absent if it need not be healthy. */
  readonly health?: HealthState;
}

/** What is known of a dependency. */
export interface Reached {
  /** Whether some of it could not be read, or rendered. */
  readonly isUnread: boolean;
  readonly members: readonly Member[];
}

/** Whether a part of the revision may be applied now. */
export type Gate =
  | { readonly state: 'open' }
  /** Not before other parts of the same sync. */
  | { readonly state: 'undecided' }
  | {
      readonly state: 'closed';
      readonly wait: Wait;
      readonly reason: string;
      /** Whether all of the dependency is applied, and only its health is missing. */
      readonly byHealth: boolean;
    };

/** Decides about a part by the gates of its dependencies. */
export function gateOf(gates: readonly Gate[]): Gate {
  const isOf = (state: Gate['state'], byHealth?: boolean) => (gate: Gate) =>
    gate.state === state && (gate.state !== 'closed' || gate.byHealth === byHealth);
  // What is not applied is the reason even where more is not healthy: health alone resumes nothing then.
  return (
    gates.find(isOf('closed', false)) ?? gates.find(isOf('undecided')) ?? gates.find(isOf('closed', true)) ?? { state: 'open' }
  );
}

interface Closing {
  readonly id?: ResourceId;
  readonly byHealth?: boolean;
  readonly forHealth?: boolean;
}

/** Whether a dependency lets through what comes after it. A pure function of what is known of it. */
export function gateAfter({ folder, healthy }: Dependency, { isUnread, members }: Reached): Gate {
  const path = folder === '' ? '.' : folder;
  const closed = (why: string, { id, byHealth = false, forHealth = byHealth }: Closing = {}): Gate => ({
    state: 'closed',
    wait: { path, ...(id === undefined ? {} : { id }), forHealth },
    reason: `waits for ${path}: ${why}`,
    byHealth,
  });
  if (isUnread) return closed('some of it could not be read');
  const missing = firstOf(members, (member) => {
    const why = whyNotApplied(member);
    const { id, waitsFor } = member;
    return why === undefined ? undefined : closed(`${id} ${why}`, { id, forHealth: waitsFor?.forHealth ?? false });
  });
  if (missing) return missing;
  if (members.some(({ outcome }) => outcome === undefined)) return { state: 'undecided' };
  const sick = healthy ? members.find(({ health }) => health !== undefined && health !== 'current') : undefined;
  return sick?.health === undefined
    ? { state: 'open' }
    : closed(`${sick.id} ${HEALTH[sick.health]}`, { id: sick.id, byHealth: true });
}

function whyNotApplied({ outcome, waitsFor }: Member): string | undefined {
  if (waitsFor) return `waits for ${waitsFor.path}`;
  if (outcome === 'failed') return 'could not be applied';
  return outcome === 'held' ? 'is held' : undefined;
}

/** Without numbers, so that the record of a sync does not change with each pod. */
const HEALTH: Readonly<Record<HealthState, string>> = {
  current: 'is ready',
  inProgress: 'is not ready',
  failed: 'has failed',
  terminating: 'is being deleted',
  missing: 'is missing',
  unknown: 'cannot be watched',
};
