import type { AcceptedRevision, Revision } from '../repository/index.ts';

/**
 * Decides which revision of the fetched branch may be synced and updated: its head, and so, later, what is in its history. Nothing else
 * makes an accepted revision.
 */
export function accept(head: Revision): AcceptedRevision {
  return head as AcceptedRevision;
}
