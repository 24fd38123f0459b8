export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Source of jitter in [0, 1); injected for deterministic tests. */
  readonly random?: () => number;
}

/** Delay before attempt n (0-based): doubles up to the maximum; of that, 50 to 100 % are used, so that many clients spread out. */
export function backoffMs(attempt: number, { initialMs, maxMs, random = Math.random }: BackoffOptions): number {
  return Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30)) * (0.5 + random() / 2);
}
