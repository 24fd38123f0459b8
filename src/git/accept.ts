import { FluxError } from '../base/index.ts';
import { type AcceptedRevision, headNotVerified, type Revision, type Unverified } from '../repository/index.ts';

/** Which revision of the branch is accepted, and what is not. */
export interface Acceptance {
  /** Undefined if none is. */
  readonly revision: AcceptedRevision | undefined;
  readonly unverified?: Unverified;
}

/** Decides which revision of the branch with this head is accepted. */
export type Accept = (head: Revision, signal: AbortSignal | undefined) => Promise<Acceptance>;

/** Without verification, every head is accepted. */
export const acceptHead: Accept = async (head) => ({ revision: accept(head) });

/** Nothing else makes an accepted revision. */
export function accept(revision: Revision): AcceptedRevision {
  return revision as AcceptedRevision;
}

/** The error of a fetch of a branch of which nothing is accepted, in the words of Flux v1. */
export function nothingAccepted({ head, commit, why }: Unverified): FluxError {
  return new FluxError(headNotVerified(undefined, head), {
    code: 'git/nothing-accepted',
    fault: 'user',
    help: `Commit ${commit} ${why}, and no revision before it is accepted. Set the sync tag, signed, to a commit with a valid signature; verification starts there.`,
    expected: true,
  });
}
