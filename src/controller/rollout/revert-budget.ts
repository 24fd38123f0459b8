import type { Revision } from '../../repository/index.ts';

/** So many reverts within an hour; more of them point to an outage, in which reverting does not help. */
const MAX_REVERTS = 3;
const HOUR_MS = 3_600_000;

/** The reverts of a daemon within the last hour, over all its sources. */
export class RevertBudget {
  /** Times by commit, in milliseconds since the epoch. */
  readonly #times = new Map<Revision, number>();

  spend(revert: Revision, at: number): void {
    this.#times.set(revert, at);
  }

  /** When the next revert is allowed, in milliseconds since the epoch; undefined if one is allowed now. */
  exhaustedUntil(now: number): number | undefined {
    for (const [revert, at] of this.#times) if (at <= now - HOUR_MS) this.#times.delete(revert);
    return this.#times.size < MAX_REVERTS ? undefined : Math.min(...this.#times.values()) + HOUR_MS;
  }
}
