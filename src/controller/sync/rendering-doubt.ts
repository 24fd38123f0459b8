import { counted } from '../../base/index.ts';
import { recordedUnits } from '../../record/index.ts';
import { type DesiredState, isRendered } from '../../resource/index.ts';
import type { Progress } from '../loop/progress.ts';
import type { Source } from '../ports/source.ts';
import type { LastSynced } from './last-synced.ts';

/** How many objects each unit rendered, by its name. */
export type UnitCounts = Readonly<Record<string, number>>;

/** A unit that renders less than this share of what it rendered before may have failed without saying so. */
const SHRUNKEN = 0.5;

/** What the units rendered in the sync before: of this process, or as it is recorded. */
export type UnitsBefore =
  | { readonly state: 'first' }
  /** There was a sync, and no record of it says. */
  | { readonly state: 'unknown' }
  | { readonly state: 'known'; readonly counts: UnitCounts };

export async function unitsBefore(
  { marked }: Pick<LastSynced, 'marked'>,
  source: Pick<Source, 'syncRecord'>,
  { applied, units }: Pick<Progress, 'applied' | 'units'>,
): Promise<UnitsBefore> {
  if (applied !== undefined) return { state: 'known', counts: units };
  if (marked === undefined) return { state: 'first' };
  const record = await source.syncRecord(marked);
  const counts = record === undefined ? undefined : recordedUnits(record);
  return counts ? { state: 'known', counts } : { state: 'unknown' };
}

/**
 * What the units render now. One that failed, or has an error, counts as before, so that it is compared with its last good rendering.
 */
export function unitCounts({ units = [], manifests, errors }: DesiredState, before: UnitsBefore): UnitCounts {
  const found = new Map(units.map((unit) => [unit, 0]));
  for (const { place } of manifests) if (isRendered(place)) found.set(place.unit, (found.get(place.unit) ?? 0) + 1);
  const known = before.state === 'known' ? before.counts : {};
  for (const { unit } of errors)
    if (unit !== undefined && found.has(unit)) found.set(unit, Math.max(found.get(unit) ?? 0, countOf(known, unit) ?? 0));
  return Object.fromEntries(found);
}

/**
 * Why deletions may follow from how units are rendered, rather than from what Git wants: a unit renders far less than before, or other
 * folders are rendered than before. Undefined if nothing speaks for that.
 */
export function renderingDoubt(before: UnitsBefore, now: UnitCounts): string | undefined {
  const names = Object.keys(now);
  if (before.state === 'first') return undefined;
  if (before.state === 'unknown')
    return names.length === 0 ? undefined : `no record says whether ${names[0]} was rendered before`;
  const { counts } = before;
  const added = names.find((unit) => countOf(counts, unit) === undefined);
  if (added !== undefined) return `${added} was not rendered before`;
  for (const [unit, count] of Object.entries(counts)) {
    const left = countOf(now, unit);
    if (left === undefined) return `${unit} was rendered before, and is not any more`;
    if (left < count * SHRUNKEN) return `${unit} renders ${counted(left, 'object')}, and rendered ${count} before`;
  }
  return undefined;
}

function countOf(counts: UnitCounts, unit: string): number | undefined {
  return Object.hasOwn(counts, unit) ? counts[unit] : undefined;
}
