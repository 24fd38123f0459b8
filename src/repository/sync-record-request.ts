import type { AcceptedRevision } from './accepted-revision.ts';

/** What is to be written to Git about the sync of a revision. */
export interface SyncRecordRequest {
  readonly revision: AcceptedRevision;
  /** The sync record, one line of JSON; absent to leave the one that is there. */
  readonly record?: string;
  /** False leaves the sync tag where it is. */
  readonly tag?: false;
}
