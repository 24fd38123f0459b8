import type { Commit, Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

/** Limit of reported commits of one sync; Flux v1 had none. */
export const MAX_SYNCED_COMMITS = 200;

/**
 * The new commits of a sync in the synced paths, newest first. The source caches the result, so that all reports of a sync share one
 * query.
 */
export async function syncedCommits(
  source: Pick<Source, 'commits'>,
  { previous, revision }: { readonly previous?: Revision | undefined; readonly revision: Revision },
): Promise<readonly Commit[]> {
  return previous === revision ? [] : source.commits({ from: previous, to: revision, limit: MAX_SYNCED_COMMITS });
}
