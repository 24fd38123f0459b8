import type { Revision } from '../../repository/index.ts';
import type { SyncRecords } from '../ports/sync-records.ts';

/** The last sync, as far as earlier processes recorded it. */
export interface LastSynced {
  /** Where the sync marker is. Nothing is deleted, and no window is judged, because of any other revision. */
  readonly marked: Revision | undefined;
  /** What shows which commits are not new: also a later marker in the place of another mode. */
  readonly known: Revision | undefined;
}

export async function lastSynced(source: Pick<SyncRecords, 'marker' | 'markerElsewhere'>): Promise<LastSynced> {
  const [marked, elsewhere] = await Promise.all([source.marker(), source.markerElsewhere()]);
  return { marked, known: elsewhere ?? marked };
}
