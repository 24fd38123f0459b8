/** What is known of the signatures of one image under one policy. Times are milliseconds since the epoch. */
export type Verification =
  /** `by` says whose signature it is. */
  | { readonly state: 'verified'; readonly by: string }
  /** `nextAt`: when it may be verified again, since signatures come after the image. */
  | { readonly state: 'unsigned'; readonly nextAt: number }
  | { readonly state: 'invalid'; readonly why: string; readonly nextAt: number }
  /** The registry did not answer as it should. */
  | { readonly state: 'unknown'; readonly why: string; readonly nextAt: number };

/** Identifies what is known of a digest under the text of a policy. */
export function verificationKey(digest: string, policy: string): string {
  return `${digest} ${policy}`;
}
