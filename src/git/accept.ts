import { FluxError } from '../base/index.ts';
import { type AcceptedRevision, headNotVerified, type Revision, refusedInWords, type Unverified } from '../repository/index.ts';

/** Which revision of the branch is accepted, and what is not. */
export interface Acceptance {
  /** Undefined if none is. */
  readonly revision: AcceptedRevision | undefined;
  readonly unverified?: Unverified;
}

/** What is followed, as it is now. */
export interface Head {
  readonly revision: Revision;
  /** The annotated tag that is followed; its name, unless only its id is known. */
  readonly tag?: { readonly id: string; readonly name?: string };
}

/** Decides which revision is accepted, that of the head at the latest. */
export type Accept = (head: Head, signal: AbortSignal | undefined) => Promise<Acceptance>;

/** Without verification, every head is accepted. */
export const acceptHead: Accept = async ({ revision }) => ({ revision: accept(revision) });

/** Nothing else makes an accepted revision. */
export function accept(revision: Revision): AcceptedRevision {
  return revision as AcceptedRevision;
}

/** The error of a fetch of a branch of which nothing is accepted, in the words of Flux v1. */
export function nothingAccepted(unverified: Unverified): FluxError {
  return new FluxError(headNotVerified(undefined, unverified.head), {
    code: 'git/nothing-accepted',
    fault: 'user',
    help: `What is refused: ${refusedInWords(unverified)} ${unverified.why}. No revision before it is accepted. ${nextStep(unverified)}`,
    expected: true,
  });
}

function nextStep({ tag }: Unverified): string {
  return tag === undefined
    ? 'Set the sync tag, signed, to a commit with a valid signature; verification starts there.'
    : 'Sign the tag with a trusted key: git tag --sign.';
}
