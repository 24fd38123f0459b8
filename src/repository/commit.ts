import type { AcceptedRevision } from './accepted-revision.ts';
import type { FileText } from './file-text.ts';
import type { Revision } from './revision.ts';

/** A commit of the branch. */
export interface Commit {
  readonly revision: Revision;
  readonly subject: string;
  readonly author: { readonly name: string; readonly email: string };
  /** By the committer's clock, in milliseconds since the epoch. */
  readonly committedAt: number;
  /** Trailers of the message in order, with lower-case names. */
  readonly trailers: readonly { readonly name: string; readonly value: string }[];
  /** Whether the commit has our job trailer and our committer address. */
  readonly ours: boolean;
}

/** A commit to be made and pushed. */
export interface CommitRequest {
  /** The revision the edits were planned on; must still be the head of the branch, else `git/push-raced`. */
  readonly base: AcceptedRevision;
  readonly edits: readonly FileText[];
  /** Message without skip text and trailers. */
  readonly message: string;
  readonly author?: string;
  /** Written as trailer `Flux-Job-Id`, so that an ambiguous push is recognised and never repeated. */
  readonly jobId: string;
  /** One line of JSON for `refs/notes/<notes-ref>` on the new commit. */
  readonly note: string;
}
