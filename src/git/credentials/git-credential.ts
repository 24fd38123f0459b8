import type { Secret } from '../../base/index.ts';

/** What `git credential` calls username and password. */
export interface UserAndPassword {
  readonly username: string;
  readonly password: Secret;
}

/** Credentials for the one place that a source fetches from and pushes to. */
export interface GitCredential {
  /** Scheme, host and port as git writes them, `https://git.example.org:8443`. No other place gets the password. */
  readonly scope: string;
  /** What git gets now; asked each time, since a token may have been renewed. A rejection fails that git command. */
  current(): Promise<UserAndPassword>;
}

/** The user and password of a URL. */
export function urlCredential({ scope, ...given }: UserAndPassword & { readonly scope: string }): GitCredential {
  return { scope, current: async () => given };
}
