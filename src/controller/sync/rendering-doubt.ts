import { type Cancellable, counted, FluxError } from '../../base/index.ts';
import { recordedUnits } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import { type DesiredState, isRendered } from '../../resource/index.ts';
import type { Progress } from '../loop/progress.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader } from '../repository/view.ts';
import type { LastSynced } from './last-synced.ts';

/** A unit that renders less than this share of what it rendered before may have failed without saying so. */
const SHRUNKEN = 0.5;

interface Rendered {
  readonly revision: Revision;
  readonly state: DesiredState;
}

interface Known {
  readonly source: Pick<Source, 'syncRecord'>;
  readonly reader: Pick<RepositoryReader, 'readAside'>;
  readonly progress: Pick<Progress, 'applied' | 'units'>;
}

/** Compares a revision with the one that was synced before: by this process, or as it is recorded. */
export async function renderedOtherwise(
  { marked }: Pick<LastSynced, 'marked'>,
  { revision, state }: Rendered,
  { source, reader, progress }: Known,
  cancel: Cancellable,
): Promise<string | undefined> {
  const from = progress.applied ?? marked;
  if (from === undefined) return undefined;
  const now = state.units ?? [];
  const record = progress.applied === undefined ? await source.syncRecord(from) : undefined;
  const before = progress.applied === undefined ? (record === undefined ? undefined : recordedUnits(record)) : progress.units;
  const doubt = unitsDoubt(before, now);
  if (doubt !== undefined || now.length === 0 || from === revision) return doubt;
  try {
    return renderingDoubt(await reader.readAside(from, cancel), state);
  } catch (error) {
    cancel.signal?.throwIfAborted();
    if (error instanceof FluxError) return NOT_COMPARED;
    throw error;
  }
}

const NOT_COMPARED = 'the revision that was synced before could not be rendered for comparison';

/**
 * Why deletions may follow from how units are rendered, rather than from what Git wants: a unit renders far less than in the revision
 * that was synced before. Undefined if nothing speaks for that.
 */
export function renderingDoubt(before: DesiredState, now: DesiredState): string | undefined {
  if (before.unsettled) return NOT_COMPARED;
  const [was, is] = [counts(before), counts(now)];
  for (const [unit, count] of was) {
    const left = is.get(unit) ?? 0;
    if (left < count * SHRUNKEN) return `${unit} renders ${counted(left, 'object')}, and rendered ${count} before`;
  }
  return undefined;
}

/** The same if other units are rendered than before, by name; `recorded` is undefined if no record says which were. */
export function unitsDoubt(recorded: readonly string[] | undefined, now: readonly string[]): string | undefined {
  if (recorded === undefined) return now.length === 0 ? undefined : `no record says whether ${now[0]} was rendered before`;
  const added = now.find((unit) => !recorded.includes(unit));
  if (added !== undefined) return `${added} was not rendered before`;
  const gone = recorded.find((unit) => !now.includes(unit));
  return gone === undefined ? undefined : `${gone} was rendered before, and is not any more`;
}

/** Objects by unit. */
function counts({ manifests }: DesiredState): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { place } of manifests) if (isRendered(place)) found.set(place.unit, (found.get(place.unit) ?? 0) + 1);
  return found;
}
