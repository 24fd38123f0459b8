import type { Revision } from './revision.ts';

/** What is to be written to Git about the sync of a revision. */
export interface SyncRecordRequest {
  readonly revision: Revision;
  /** The sync record, one line of JSON; absent to leave the one that is there. */
  readonly record?: string;
  /** False leaves the sync tag where it is. */
  readonly tag?: false;
}
