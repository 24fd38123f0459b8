import type { Cancellable } from '../../base/index.ts';
import type { Lineage, Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';

/** The last sync, as far as earlier processes recorded it. */
export interface LastSynced {
  /** Where the sync marker is. Nothing is deleted, and no window is judged, because of any other revision. */
  readonly marked: Revision | undefined;
  /** What shows which commits are not new: also a later marker in the place of another mode. */
  readonly known: Revision | undefined;
  /** How the revision to sync follows that; absent if nothing is known. */
  readonly lineage?: Lineage;
}

export async function lastSynced(
  source: Pick<Source, 'marker' | 'markerElsewhere' | 'lineage'>,
  revision: Revision,
  cancel: Cancellable = {},
): Promise<LastSynced> {
  const [marked, elsewhere] = await Promise.all([source.marker(), source.markerElsewhere()]);
  const known = elsewhere ?? marked;
  return { marked, known, ...(known === undefined ? {} : { lineage: await source.lineage(known, revision, cancel) }) };
}
