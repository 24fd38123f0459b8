/** A user of Kubernetes, as its API server knows one. */
export interface UserIdentity {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Who wants to do something: the holder of a token, whom the API server identifies, or a user whom fluxd has identified. */
export type AccessSubject = { readonly token: string } | UserIdentity;

/** Whether they may do this. */
export type AccessQuestion = AccessSubject & (PathRight | { readonly on: ResourceRight });

/** A right to call a path of ours. */
export interface PathRight {
  /** An HTTP method in lower case. */
  readonly verb: string;
  /** As RBAC's `nonResourceURLs` name it. */
  readonly path: string;
}

/** A right that Kubernetes grants on one of its resources (SubjectAccessReview). */
export interface ResourceRight {
  readonly verb: 'get' | 'list';
  readonly group: string;
  /** Its name in paths, `deployments`. */
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The answer. `unknown-token`: the token is forged, has expired, or is for another audience. */
export type AccessVerdict =
  | { readonly outcome: 'allowed' | 'forbidden'; readonly user: string }
  | { readonly outcome: 'unknown-token' };
