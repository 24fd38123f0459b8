import { asFluxError, backoffMs, type Clock, FluxError, type Logger, measured, waitOrAbort } from '../../base/index.ts';
import type { RegistryCacheFailure } from '../../image/index.ts';
import type { CacheEntry, CacheStore } from './store.ts';

export interface GuardedStoreOptions {
  readonly store: CacheStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Deadline of one operation, in milliseconds. */
  readonly timeoutMs?: number;
  /** Called for each operation. */
  readonly onOperation?: OnCacheOperation | undefined;
}

/** An operation on the store of a cache; named as in Flux v1's metrics. */
export type OnCacheOperation = (operation: {
  readonly method: 'GetKey' | 'SetKey';
  readonly success: boolean;
  readonly seconds: number;
}) => void;

/** How a store is. Times are by the monotonic clock, but for `since`, which is milliseconds since the epoch. */
type Condition =
  | { readonly kind: 'unused' }
  /** It has not answered yet: its thread or its server may be starting as well. */
  | { readonly kind: 'starting'; readonly until: number }
  | { readonly kind: 'working' }
  /** It is left alone for now. */
  | {
      readonly kind: 'failing';
      readonly error: FluxError;
      readonly since: number;
      readonly failures: number;
      readonly pausedUntil: number;
    };

const TIMEOUT_MS = 2_000;
/** For the first answer, from the first operation on, with as many tries as it takes; and for one of these tries. */
const START_MS = 10_000;
const START_TIMEOUT_MS = 5_000;
const START_RETRY_MS = 500;
/** After a failure the store is left alone for this long, doubled with each in a row. */
const PAUSE = { initialMs: 5_000, maxMs: 300_000 } as const;

/**
 * A store that may fail, hang or be gone without anyone having to wait for it: each operation has a deadline, and after a failure none is
 * tried for a while. Only for its first answer a store is waited for longer. Failures are logged once until they change.
 */
export class GuardedStore {
  readonly #options: GuardedStoreOptions;
  readonly #closing = new AbortController();
  #condition: Condition = { kind: 'unused' };

  constructor(options: GuardedStoreOptions) {
    this.#options = options;
  }

  /** Of the store; undefined while it fails, since nothing is known of what it has. */
  get epoch(): number | undefined {
    return this.#condition.kind === 'failing' ? undefined : this.#options.store.epoch;
  }

  /** Whether the store is left alone for now. */
  get isPaused(): boolean {
    return this.#condition.kind === 'failing' && this.#options.clock.monotonic() < this.#condition.pausedUntil;
  }

  /** Why it does not work, and since when; undefined if it does, or may be starting. */
  get failure(): RegistryCacheFailure | undefined {
    if (this.#condition.kind !== 'failing') return undefined;
    const { error, since } = this.#condition;
    return { error, since };
  }

  /** What is there; undefined if the store does not answer. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
    if (keys.length === 0) return new Map();
    return this.attempt('GetKey', (signal) => this.#options.store.read(keys, signal));
  }

  /** Whether the entries were written. */
  async write(entries: readonly CacheEntry[]): Promise<boolean> {
    const done = await this.attempt('SetKey', async (signal) => {
      await this.#options.store.write(entries, signal);
      return true;
    });
    return done === true;
  }

  /** The result of an operation on the store; undefined if it failed, or was not tried. */
  async attempt<T>(method: 'GetKey' | 'SetKey', operation: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { clock } = this.#options;
    if (this.#condition.kind === 'unused') this.#condition = { kind: 'starting', until: clock.monotonic() + START_MS };
    while (!this.isPaused && !this.#closing.signal.aborted) {
      const outcome = await this.#try(method, operation);
      if (outcome.ok) {
        this.#works();
        return outcome.value;
      }
      // Woken early when the daemon stops.
      if (this.#mayBeStarting) await clock.sleep(START_RETRY_MS, { signal: this.#closing.signal }).catch(() => undefined);
      else this.#fails(outcome.error);
    }
    return undefined;
  }

  /** Closes the store, without waiting long for one that hangs. */
  async close(): Promise<void> {
    const { clock, store } = this.#options;
    this.#closing.abort();
    using deadline = clock.deadline(TIMEOUT_MS);
    await waitOrAbort(store.close(), deadline.signal).catch(() => undefined);
  }

  async #try<T>(method: 'GetKey' | 'SetKey', operation: (signal: AbortSignal) => Promise<T>): Promise<Outcome<T>> {
    const { clock, onOperation, timeoutMs = TIMEOUT_MS } = this.#options;
    using deadline = clock.deadline(this.#deadlineMs);
    try {
      const value = await measured(
        clock,
        (outcome) => onOperation?.({ method, ...outcome }),
        () => waitOrAbort(operation(deadline.signal), deadline.signal),
      );
      return { ok: true, value };
    } catch (thrown) {
      const error = deadline.signal.aborted ? tooSlow(timeoutMs) : asFluxError(thrown, { code: 'registry/cache-failed' });
      return { ok: false, error };
    }
  }

  get #deadlineMs(): number {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options;
    if (this.#condition.kind !== 'starting') return timeoutMs;
    return Math.min(this.#condition.until - clock.monotonic(), Math.max(START_TIMEOUT_MS, timeoutMs));
  }

  /** Whether it may still answer in time after a failure. */
  get #mayBeStarting(): boolean {
    if (this.#condition.kind !== 'starting') return false;
    return this.#options.clock.monotonic() + START_RETRY_MS < this.#condition.until;
  }

  #works(): void {
    if (this.#condition.kind === 'failing') this.#options.log.info('registry cache works again');
    this.#condition = { kind: 'working' };
  }

  #fails(error: FluxError): void {
    const { clock, log } = this.#options;
    const before = this.#condition.kind === 'failing' ? this.#condition : undefined;
    const now = clock.monotonic();
    const { failures, since } = before ?? { failures: 0, since: clock.now() };
    const pausedUntil = now + backoffMs(failures, PAUSE);
    this.#condition = { kind: 'failing', error, since, failures: failures + 1, pausedUntil };
    const { message, help, code } = error;
    if (before?.error.message !== message)
      log.warn({ err: message, code, help }, 'registry cache failed; scans go on without it');
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: FluxError };

function tooSlow(timeoutMs: number): FluxError {
  return new FluxError(`registry cache: no answer within ${timeoutMs} ms`, {
    code: 'registry/cache-slow',
    help: 'Check the volume or the server of --registry-cache, and the network to it. Until then fluxd asks registries again after a restart.',
  });
}
