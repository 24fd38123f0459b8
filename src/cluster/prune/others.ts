import { asFluxError, counted } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { Directory } from '../discovery/discovery.ts';
import type { Layout } from '../plan/layout.ts';
import type { SyncSet } from '../plan/sync-set.ts';
import { isExcluded, isPlaced } from '../scope/scope.ts';
import type { DeletionCandidate } from './precious.ts';
import { bothWanted, goesWith, NOTHING_WANTED, type Wanted } from './wanted.ts';

/** What the other sources of this process want. */
export interface Others {
  /** Their sync-set names. */
  readonly syncSets: readonly string[];
  readonly wanted: readonly Wanted[];
  /** Why a source could not be read, one text for each. */
  readonly unread: readonly string[];
}

/** As of their last plans here. */
export function plannedByOthers(sets: readonly SyncSet[]): Others {
  return { syncSets: sets.map(({ source }) => source.syncSet), wanted: sets.map(plannedBy), unread: [] };
}

/**
 * As of now: each of them fetches and reads its repository. An object that moved from one source to another is not deleted before the
 * other one is known to want it.
 */
export async function readOthers(sets: readonly SyncSet[], directory: Directory, signal?: AbortSignal): Promise<Others> {
  const read = await Promise.all(
    sets.map(async (set) => {
      const { layout, trouble } = await askSource(set, directory, signal);
      // What it wanted before may still be wanted when not all of it could be read.
      const before = trouble === undefined ? plannedBy(set) : set.wanted;
      return { wanted: bothWanted(before, layout?.inRepository ?? NOTHING_WANTED), trouble };
    }),
  );
  return {
    syncSets: sets.map(({ source }) => source.syncSet),
    wanted: read.map(({ wanted }) => wanted),
    unread: read.flatMap(({ trouble }) => trouble ?? []),
  };
}

/**
 * What is wanted by now, of an object that is about to be deleted: itself, or an object that would be deleted with it. Other sources may
 * have planned since they were read.
 */
export function wantedMeanwhile({ id, resource, live }: DeletionCandidate, sets: readonly SyncSet[]): ResourceId | undefined {
  for (const set of sets) {
    const wanted = plannedBy(set);
    const found = wanted.ids.has(id) ? id : goesWith({ resource, live }, wanted, new Map());
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Another process may have changed what an earlier plan of this one wanted. */
function plannedBy({ isPlanned, wanted }: SyncSet): Wanted {
  return isPlanned ? wanted : NOTHING_WANTED;
}

/** What a source wants now, and why that is not certain. */
export async function askSource(
  { source, layOut }: SyncSet,
  directory: Directory,
  signal: AbortSignal | undefined,
): Promise<{ readonly layout?: Layout; readonly trouble?: string }> {
  try {
    const { manifests, errors } = await source.desired(signal ? { signal } : {});
    const layout = layOut(manifests, directory, { keep: false });
    if (errors.length > 0)
      return { layout, trouble: `${counted(errors.length, 'part')} of source ${source.name} could not be read` };
    const lost = layout.placed.filter((each) => !isPlaced(each) && !isExcluded(each)).length;
    return lost > 0 ? { layout, trouble: `${counted(lost, 'object')} of source ${source.name} cannot be applied` } : { layout };
  } catch (error) {
    signal?.throwIfAborted();
    return { trouble: `source ${source.name}: ${asFluxError(error, { code: 'cluster/source-unread' }).message}` };
  }
}
