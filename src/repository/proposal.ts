import type { AcceptedRevision } from './accepted-revision.ts';
import type { Commit } from './commit.ts';
import type { FileText } from './file-text.ts';
import type { Revision } from './revision.ts';

/** Names of such branches. */
export interface ProposalNames {
  /** What all of them begin with. */
  readonly prefix: string;
  includes(name: string): boolean;
}

/** A branch with changes that people merge into the followed branch. */
export interface ProposalBranch {
  readonly name: string;
  readonly tip: Revision;
  /** What the followed branch lacks, newest first; empty if it has all. */
  readonly commits: readonly Commit[];
  /** Whether these are all. */
  readonly isComplete: boolean;
  /** The commit at the tip. */
  readonly last: Commit;
  /** The revision that the first of them was made on. */
  readonly base?: Revision;
}

/** What a proposal's branch is to become: its base and one commit. */
export interface ProposalRequest {
  readonly name: string;
  readonly base: AcceptedRevision;
  readonly edits: readonly FileText[];
  /** Message without skip text and trailers. */
  readonly message: string;
  /** Written below the message, each with one line of text. */
  readonly trailers: readonly { readonly name: string; readonly value: string }[];
  /** Who asked for it, as `Name <email>`; applied if authors are set. */
  readonly author?: string;
  readonly jobId: string;
  /** Where the branch was seen; undefined if there was none. It is moved from there only. */
  readonly expected: Revision | undefined;
}
