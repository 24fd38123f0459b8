import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import { type Cancellable, type Clock, FluxError, type Logger, TokenBucket } from '../base/index.ts';
import { Spending, type Use } from './spending.ts';

export interface RateLimitOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Requests per second to one host. */
  readonly rps: number;
  /** Requests that may be sent in a burst after a pause. */
  readonly burst: number;
}

/** A request that may count against the budget of an account: the id of its credential, empty if anonymous. */
export interface AccountUse extends Use {
  readonly account: string;
}

/** The rate limit of one registry host: a token bucket that adapts to 429 responses, and the budgets that the host reports. */
export interface HostLimit {
  /**
   * Resolves when one request may be sent. Requests of no use, such as those for tokens, count against no budget.
   * @throws FluxError `registry/rate-limited` during a long pause requested by the host, `BudgetSpent` if the budget must last.
   */
  acquire(options?: { readonly use?: AccountUse | undefined } & Cancellable): Promise<void>;
  /** Called after each acquired request, with its response, if there was one. */
  answered(use: AccountUse, response: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined): void;
  /** What is known of the budget of an account. */
  spending(account: string): Spending;
  /** Called after a 429, with the requested pause in milliseconds, if any: halves the rate. */
  backOff(retryAfterMs?: number): void;
  /** Called after a successful scan: raises the rate again, long after the last 429. */
  recover(): void;
  /** End of the pause requested by the host, by the monotonic clock; in the past if there is none. */
  readonly blockedUntil: number;
}

const FLOOR_RPS = 0.1;
/** Several 429s within this time, for concurrent requests, count as one. */
const ONE_BACK_OFF_MS = 10_000;
const NO_RECOVERY_MS = 1_200_000;
/** Scans do not wait for longer pauses: the scan ends, and the next one starts after the pause. */
const MAX_WAIT_MS = 10_000;
/** The same for a turn in the budget of a host: a scan that waits keeps others from starting. */
export const MAX_TURN_MS = 1_000;
/** Accounts of one host: every credential is one. */
const MAX_ACCOUNTS = 1000;
/** Upper bound of a requested pause. */
export const MAX_PAUSE_MS = 3_600_000;

/** Limits by host, by Flux v1's rules: halve on 429 down to 0.1/s; multiply by 1.5 after a successful scan, but not within 20 minutes. */
export function createHostLimits(options: RateLimitOptions): (host: string) => HostLimit {
  const limits = new LRUCache<string, HostLimit>({ max: 1000 });
  return (host) => {
    const known = limits.get(host);
    if (known) return known;
    const limit = new AdaptiveLimit(host, options);
    limits.set(host, limit);
    return limit;
  };
}

class AdaptiveLimit implements HostLimit {
  blockedUntil = 0;
  readonly #host: string;
  readonly #options: RateLimitOptions;
  readonly #bucket: TokenBucket;
  readonly #accounts = new LRUCache<string, Spending>({ max: MAX_ACCOUNTS });
  #rate: number;
  #backedOffAt = Number.NEGATIVE_INFINITY;

  constructor(host: string, options: RateLimitOptions) {
    this.#host = host;
    this.#options = options;
    this.#rate = options.rps;
    this.#bucket = new TokenBucket(options.clock, options.burst);
  }

  async acquire({ use, signal }: { readonly use?: AccountUse | undefined } & Cancellable = {}): Promise<void> {
    const { clock } = this.#options;
    const options = signal ? { signal } : {};
    const pause = this.#pause(clock.monotonic());
    const wait = Math.max(pause, this.#bucket.take(this.#rate));
    if (wait > 0) {
      await clock.sleep(wait, options);
      // Another request may have received a 429 meanwhile.
      this.#pause(clock.monotonic());
    }
    if (use) await this.spending(use.account).acquire(use, { ...options, maxWaitMs: MAX_TURN_MS });
  }

  answered(use: AccountUse, response: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined): void {
    this.spending(use.account).answered(use, response);
  }

  spending(account: string): Spending {
    const known = this.#accounts.get(account);
    if (known) return known;
    const spending = new Spending(this.#host, this.#options.clock);
    this.#accounts.set(account, spending);
    return spending;
  }

  #pause(now: number): number {
    const pause = this.blockedUntil - now;
    if (pause <= MAX_WAIT_MS) return pause;
    throw new FluxError(`registry ${this.#host} asked for a pause of ${Math.ceil(pause / 1000)} s`, {
      code: 'registry/rate-limited',
    });
  }

  backOff(retryAfterMs = 0): void {
    const { clock, log } = this.#options;
    const now = clock.monotonic();
    this.blockedUntil = Math.max(this.blockedUntil, now + Math.min(retryAfterMs, MAX_PAUSE_MS));
    if (now - this.#backedOffAt < ONE_BACK_OFF_MS) return;
    this.#backedOffAt = now;
    this.#setRate(Math.max(FLOOR_RPS, this.#rate / 2), () =>
      log.info({ host: this.#host, limit: this.#rate }, 'reducing rate limit'),
    );
  }

  recover(): void {
    const { clock, log, rps } = this.#options;
    if (clock.monotonic() - this.#backedOffAt < NO_RECOVERY_MS) return;
    this.#setRate(Math.min(rps, this.#rate * 1.5), () =>
      log.info({ host: this.#host, limit: this.#rate }, 'increasing rate limit'),
    );
  }

  #setRate(rate: number, announce: () => void): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    announce();
  }
}
