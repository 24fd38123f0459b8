import type { Commit, Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

/** Commits of one sync that are told of at most; Flux v1 knew no bound. */
export const MAX_SYNCED_COMMITS = 200;

/**
 * The commits that a sync brings, newest first, those in the synced paths alone. The source keeps the answer, so that all who tell
 * of a sync share one look.
 */
export async function syncedCommits(
  source: Pick<Source, 'commits'>,
  { previous, revision }: { readonly previous?: Revision | undefined; readonly revision: Revision },
): Promise<readonly Commit[]> {
  return previous === revision ? [] : source.commits({ from: previous, to: revision, limit: MAX_SYNCED_COMMITS });
}
