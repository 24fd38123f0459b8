import type { Directory } from '../discovery/discovery.ts';
import type { LiveObject } from '../object/live.ts';
import { MARK_LABEL } from '../object/ownership.ts';
import { askSource } from '../prune/others.ts';
import { isPlaced, type Target } from '../scope/scope.ts';
import type { Layout } from './layout.ts';
import type { Rival } from './left-to-another.ts';
import type { SyncSet } from './sync-set.ts';

export interface RivalsOptions {
  readonly set: SyncSet;
  /** The sync sets of the other sources of this process. */
  readonly others: readonly SyncSet[];
  readonly layout: Layout;
  readonly directory: Directory;
  readonly liveOf: (target: Target) => LiveObject | undefined;
}

/**
 * All sources as a plan sees them, in the order in which they were added. A source for which another process writes is never planned
 * here: it is read now, if an object of the plan does not have the mark of its own source.
 */
export async function rivalsOf(
  { set, others, layout, directory, liveOf }: RivalsOptions,
  signal?: AbortSignal,
): Promise<readonly Rival[]> {
  const known: readonly SyncSet[] = [set, ...others].sort((a, b) => a.order - b.order);
  if (others.every(isKnownHere) || !layout.placed.some(isContested)) return known;
  return Promise.all(known.map(async (each) => (each === set || isKnownHere(each) ? each : readRival(each, directory, signal))));

  function isContested(each: Layout['placed'][number]): boolean {
    const marked = isPlaced(each) ? layout.targets.get(each.key) : undefined;
    return marked !== undefined && liveOf(marked.target)?.labels?.[MARK_LABEL] !== marked.mark;
  }
}

/** Whether its plans here are known, or soon will be. */
function isKnownHere({ isPlanned, source }: SyncSet): boolean {
  return isPlanned || source.fence.isOpen;
}

async function readRival(set: SyncSet, directory: Directory, signal: AbortSignal | undefined): Promise<Rival> {
  const { layout, trouble } = await askSource(set, directory, signal);
  if (!layout || trouble !== undefined) return set;
  return { source: set.source, order: set.order, targets: layout.targets, wanted: layout.inRepository, isPlanned: true };
}
