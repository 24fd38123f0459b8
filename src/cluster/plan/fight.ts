import type { Change } from '../../change/index.ts';
import { lastForeignManager } from '../object/ownership.ts';
import type { Step } from './step.ts';
import type { Fight, SyncSet } from './sync-set.ts';

const FIRST_MS = 2_000;
const LONGEST_MS = 600_000;

/** Backoff after a correction: it doubles with each one, up to ten minutes. */
function truceMs(corrections: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (corrections - 1));
}

/** True during the backoff of an object, regardless of the kind of drift. */
export function isFought(fight: Fight | undefined, now: number): boolean {
  return fight !== undefined && now < fight.until;
}

/** The earliest end of a backoff, by the monotonic clock; undefined if there is none. */
export function nextTruceEnd(sets: Iterable<Pick<SyncSet, 'fights'>>, now: number): number | undefined {
  let next = Number.POSITIVE_INFINITY;
  for (const { fights } of sets) for (const { until } of fights.values()) if (until > now) next = Math.min(next, until);
  return Number.isFinite(next) ? next : undefined;
}

/** Records the corrections of a plan. `changes` are in the order of the steps. */
export function noteCorrections(
  set: SyncSet,
  steps: readonly Step[],
  changes: readonly Change[],
  { now, manager }: { readonly now: number; readonly manager: string },
): void {
  for (const [index, step] of steps.entries()) {
    if (step.act !== 'apply' || !step.isDrift) continue;
    const outcome = changes[index]?.outcome;
    if (outcome !== 'configured' && outcome !== 'created') continue;
    const { key } = step.target;
    // A correction takes the fields away from the other manager, whose name may be gone with them.
    const by = step.live && (step.live.lost?.by ?? lastForeignManager(step.live, manager));
    set.fights.set(key, corrected(set.fights.get(key), now, by));
  }
}

/** The fight after another correction. Ten minutes without drift end it. */
function corrected(fight: Fight | undefined, now: number, last: string | undefined): Fight {
  const goesOn = fight !== undefined && now < fight.until + LONGEST_MS;
  const corrections = goesOn ? fight.corrections + 1 : 1;
  const by = last ?? (goesOn ? fight.by : undefined);
  return { corrections, until: now + truceMs(corrections), ...(by === undefined ? {} : { by }) };
}
