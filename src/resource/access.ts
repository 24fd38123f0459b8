/** Whether the holder of a token may do this. */
export interface AccessQuestion {
  readonly token: string;
  /** An HTTP method in lower case. */
  readonly verb: string;
  /** As RBAC's `nonResourceURLs` name it. */
  readonly path: string;
}

/** The answer. `unknown-token`: the token is forged, has expired, or is for another audience. */
export type AccessVerdict =
  | { readonly outcome: 'allowed' | 'forbidden'; readonly user: string }
  | { readonly outcome: 'unknown-token' };
