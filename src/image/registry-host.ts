/** The requests that a registry host still answers to one account. Times are milliseconds since the epoch. */
export interface RegistryBudget {
  /** User name and source of the credential; absent for anonymous requests. */
  readonly account?: string;
  /** Requests in a window. */
  readonly limit: number;
  readonly remaining: number;
  readonly windowMs: number;
  /** End of the window; absent if it is rolling, or unknown. */
  readonly resetAt?: number;
  /** Whether tag lists count; if not, only metadata waits for its turn. */
  readonly countsLists: boolean;
}

/** The scans of all watched image repositories of one host. */
export interface RegistryHost {
  readonly name: string;
  /** Number of watched repositories. */
  readonly repositories: number;
  /** Number of those whose last scan failed. */
  readonly failed: number;
  /** End of a pause requested by the host; absent if there is none. */
  readonly blockedUntil?: number;
  /** By account, where the host reports a limit. */
  readonly budgets: readonly RegistryBudget[];
}
