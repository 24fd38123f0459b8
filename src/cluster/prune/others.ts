import { asFluxError } from '../../base/index.ts';
import type { Directory } from '../discovery/discovery.ts';
import type { SyncSet } from '../plan/sync-set.ts';
import { bothWanted, type Wanted } from './wanted.ts';

/** What the other sources of this process want. */
export interface Others {
  /** Their sync-set names. */
  readonly syncSets: readonly string[];
  readonly wanted: readonly Wanted[];
  /** Why a source could not be read, one text for each. */
  readonly unread: readonly string[];
}

/** As of their last plans. */
export function plannedByOthers(sets: readonly SyncSet[]): Others {
  return { syncSets: sets.map(({ source }) => source.syncSet), wanted: sets.map(({ wanted }) => wanted), unread: [] };
}

/**
 * As of now: each of them fetches and reads its repository. An object that moved from one source to another is not deleted before the
 * other one is known to want it.
 */
export async function readOthers(sets: readonly SyncSet[], directory: Directory, signal?: AbortSignal): Promise<Others> {
  const read = await Promise.all(sets.map((set) => readOne(set, directory, signal)));
  return {
    syncSets: sets.map(({ source }) => source.syncSet),
    wanted: read.map(({ wanted }) => wanted),
    unread: read.flatMap(({ trouble }) => trouble ?? []),
  };
}

async function readOne(
  { source, layOut, wanted }: SyncSet,
  directory: Directory,
  signal: AbortSignal | undefined,
): Promise<{ readonly wanted: Wanted; readonly trouble?: string }> {
  try {
    const { manifests, errors } = await source.desired(signal ? { signal } : {});
    const all = bothWanted(wanted, layOut(manifests, directory, { keep: false }).inRepository);
    if (errors.length === 0) return { wanted: all };
    const parts = errors.length === 1 ? '1 part' : `${errors.length} parts`;
    return { wanted: all, trouble: `${parts} of source ${source.name} could not be read` };
  } catch (error) {
    signal?.throwIfAborted();
    return { wanted, trouble: `source ${source.name}: ${asFluxError(error, { code: 'cluster/source-unread' }).message}` };
  }
}
