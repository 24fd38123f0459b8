import { LRUCache } from 'lru-cache';
import { asFluxError, type Cancellable, type Clock, type FluxError, waitOrAbort } from '../../base/index.ts';

/** Something that is valid for a time: from its arrival on, or until a time of day, in milliseconds. */
export type Grant<T> = { readonly value: T } & ({ readonly lifeMs: number } | { readonly expiresAt: number });

/** Keeps what a service grants while it is valid, and renews it early. */
export interface Renewal<T> {
  /**
   * Requests a value if there is none; concurrent callers share the request. It resolves to undefined if the service is not set up. What
   * cannot be renewed is used to its end.
   */
  current(key: string, request: () => Promise<Grant<T> | undefined>, options?: Cancellable): Promise<T | undefined>;
  /** Drops a value that was refused, unless it is so new that another one would be refused as well. */
  refused(key: string, isThis: (value: T) => boolean): void;
}

/** Times are monotonic. */
interface Held<T> {
  readonly value: T | undefined;
  readonly since: number;
  readonly renewAt: number;
  readonly until: number;
}

interface Failure {
  readonly error: FluxError;
  readonly until: number;
}

const MAX_KEYS = 1000;
/** A failed request is not repeated for this time (Flux v1: 10 minutes for ECR), nor is a refused value replaced that is newer. */
const FAILURE_MS = 600_000;
/** After this time a service that was not set up is asked again. */
const ABSENT_MS = 60_000;
const MAX_LIFE_MS = 12 * 3_600_000;
/** The last part of a life in which the value is renewed: a tenth, and at most this. */
const MAX_AHEAD_MS = 300_000;

export function createRenewal<T>(clock: Clock): Renewal<T> {
  const held = new LRUCache<string, Held<T>>({ max: MAX_KEYS });
  const failures = new LRUCache<string, Failure>({ max: MAX_KEYS });
  const pending = new Map<string, Promise<T | undefined>>();

  const lifeOf = (grant: Grant<T>): number => {
    const lifeMs = 'lifeMs' in grant ? grant.lifeMs : grant.expiresAt - clock.now();
    return Math.min(Math.max(lifeMs, 0), MAX_LIFE_MS);
  };

  type Request = () => Promise<Grant<T> | undefined>;

  const ask = async (key: string, request: Request): Promise<T | undefined> => {
    try {
      const grant = await request();
      const since = clock.monotonic();
      const lifeMs = grant ? lifeOf(grant) : ABSENT_MS;
      const aheadMs = grant ? Math.min(lifeMs / 10, MAX_AHEAD_MS) : 0;
      held.set(key, { value: grant?.value, since, renewAt: since + lifeMs - aheadMs, until: since + lifeMs });
      failures.delete(key);
      return grant?.value;
    } catch (thrown) {
      const error = asFluxError(thrown, { code: 'registry/no-credential' });
      failures.set(key, { error, until: clock.monotonic() + FAILURE_MS });
      throw error;
    }
  };

  const askOnce = (key: string, request: Request): Promise<T | undefined> => {
    const underWay = pending.get(key) ?? ask(key, request).finally(() => pending.delete(key));
    pending.set(key, underWay);
    return underWay;
  };

  return {
    async current(key, request, { signal } = {}) {
      const now = clock.monotonic();
      const last = held.get(key);
      if (last && now < last.renewAt) return last.value;
      const valid = last && now < last.until ? last : undefined;
      const failure = failures.get(key);
      if (failure && now < failure.until) {
        if (valid) return valid.value;
        throw failure.error;
      }
      try {
        return await waitOrAbort(askOnce(key, request), signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (valid) return valid.value;
        throw error;
      }
    },
    refused(key, isThis) {
      const last = held.get(key);
      if (last?.value !== undefined && isThis(last.value) && clock.monotonic() - last.since >= FAILURE_MS) held.delete(key);
    },
  };
}
