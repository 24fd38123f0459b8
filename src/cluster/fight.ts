import type { Step } from './step.ts';
import type { Fight, SyncSet } from './sync-set.ts';
import type { Change } from './types.ts';

/** One drift: who took what, for telling whether it is the same again. */
export interface Fighting {
  readonly about: string;
  readonly reason: string;
}

const FIRST_MS = 2_000;
const LONGEST_MS = 600_000;

/** How long after its last correction the same drift is left alone: it doubles with each correction, up to ten minutes. */
function truceMs(corrections: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (corrections - 1));
}

/** True while the same drift as before is not corrected yet. The first time it comes back counts too: two seconds are not long. */
export function isFought(fight: Fight | undefined, { about }: Pick<Fighting, 'about'>, now: number): fight is Fight {
  return fight !== undefined && fight.about === about && now < fight.until;
}

/** When the next truce ends, ms since the epoch; undefined when there is none. */
export function nextTruceEnd(sets: Iterable<Pick<SyncSet, 'fights'>>, now: number): number | undefined {
  let next = Number.POSITIVE_INFINITY;
  for (const { fights } of sets) for (const { until } of fights.values()) if (until > now) next = Math.min(next, until);
  return Number.isFinite(next) ? next : undefined;
}

/** Notes which drifts a plan has corrected. `changes` are in the order of the steps. */
export function noteCorrections(set: SyncSet, steps: readonly Step[], changes: readonly Change[], now: number): void {
  for (const [index, step] of steps.entries()) {
    if (step.act !== 'apply' || !step.drift || changes[index]?.outcome !== 'configured') continue;
    const { key } = step.target;
    set.fights.set(key, corrected(set.fights.get(key), step.drift, now));
  }
}

/** The fight after one more correction. A peace that lasted twice as long as the last truce ends it. */
function corrected(fight: Fight | undefined, { about }: Pick<Fighting, 'about'>, now: number): Fight {
  const goesOn =
    fight !== undefined && fight.about === about && now < fight.until + Math.max(LONGEST_MS, fight.until - fight.correctedAt);
  const corrections = goesOn ? fight.corrections + 1 : 1;
  return { about, corrections, correctedAt: now, until: now + truceMs(corrections) };
}
