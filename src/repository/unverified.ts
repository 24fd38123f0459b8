import type { Revision } from './revision.ts';

/** What of the branch, or of the tag that is followed, is not accepted, since a commit or the tag has no valid signature. */
export interface Unverified {
  readonly head: Revision;
  /** The first commit that was refused, or that of the tag that was. */
  readonly commit: Revision;
  /** The tag whose own signature was refused; absent if a commit's was. */
  readonly tag?: string;
  /** What is wrong with its signature, as the end of a sentence about it. */
  readonly why: string;
  /** The key that signed it, as far as that is known; may be empty. */
  readonly key: string;
  /** The name that the key has; may be empty. */
  readonly signer: string;
  /** How many commits of the branch wait behind it, itself included. */
  readonly commits: number;
}

/** What was refused, as the beginning of a sentence. */
export function refusedInWords({ commit, tag }: Pick<Unverified, 'commit'> & { readonly tag?: string | undefined }): string {
  return tag === undefined ? `commit ${commit.slice(0, 7)}` : `tag ${tag} of commit ${commit.slice(0, 7)}`;
}

/** What was refused, why, and what waits for it. */
export function waitingInWords({
  why,
  commits,
  ...refused
}: Pick<Unverified, 'commit' | 'why' | 'commits'> & { readonly tag?: string | undefined }): string {
  const others = commits === 1 ? 'it waits' : `it and what follows it, ${commits} commits, wait`;
  return `${refusedInWords(refused)} ${why}; ${others}`;
}

/** Flux v1's text, which its fluxctl recognises. */
export function headNotVerified(accepted: Revision | undefined, head: Revision): string {
  const last = `The last verified commit was ${accepted?.slice(0, 8) ?? ''}. HEAD is ${head.slice(0, 8)}.`;
  return `The branch HEAD in the git repo is not verified, and fluxd is unable to sync to it. ${last}`;
}
