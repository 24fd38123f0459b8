import {
  asFluxError,
  backoffMs,
  type Clock,
  createChangedOnly,
  FluxError,
  type Logger,
  measured,
  waitOrAbort,
} from '../../base/index.ts';
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

const TIMEOUT_MS = 2_000;
/** After a failure the store is left alone for this long, doubled with each in a row. */
const PAUSE = { initialMs: 5_000, maxMs: 300_000 } as const;

/**
 * A store that may fail, hang or be gone without anyone having to wait for it: each operation has a deadline, and after a failure none is
 * tried for a while. Failures are logged once until they change.
 */
export class GuardedStore {
  /** Why the last operation failed; undefined if it did not. */
  error: FluxError | undefined;
  readonly #options: GuardedStoreOptions;
  readonly #logged = createChangedOnly();
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: GuardedStoreOptions) {
    this.#options = options;
  }

  /** Of the store; another one while it fails, since nothing is known of what it has. */
  get epoch(): number | undefined {
    return this.error ? undefined : this.#options.store.epoch;
  }

  /** Whether the store is left alone for now. */
  get isPaused(): boolean {
    return this.#options.clock.monotonic() < this.#pausedUntil;
  }

  /** What is there; nothing if the store fails. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    if (keys.length === 0) return new Map();
    return (await this.attempt('GetKey', (signal) => this.#options.store.read(keys, signal))) ?? new Map();
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
    const { clock, log, timeoutMs = TIMEOUT_MS, onOperation } = this.#options;
    if (this.isPaused) return undefined;
    using deadline = clock.deadline(timeoutMs);
    try {
      const result = await measured(
        clock,
        (outcome) => onOperation?.({ method, ...outcome }),
        () => waitOrAbort(operation(deadline.signal), deadline.signal),
      );
      if (this.error) log.info('registry cache works again');
      this.error = undefined;
      this.#failures = 0;
      this.#logged.recovered('');
      return result;
    } catch (thrown) {
      this.error = deadline.signal.aborted ? tooSlow(timeoutMs) : asFluxError(thrown, { code: 'registry/cache-failed' });
      this.#pausedUntil = clock.monotonic() + backoffMs(this.#failures, PAUSE);
      this.#failures += 1;
      const { message, help, code } = this.error;
      if (this.#logged.hasChanged('', message))
        log.warn({ err: message, code, help }, 'registry cache failed; scans go on without it');
      return undefined;
    }
  }

  /** Closes the store, without waiting long for one that hangs. */
  async close(): Promise<void> {
    const { clock, store, timeoutMs = TIMEOUT_MS } = this.#options;
    using deadline = clock.deadline(timeoutMs);
    await waitOrAbort(store.close(), deadline.signal).catch(() => undefined);
  }
}

function tooSlow(timeoutMs: number): FluxError {
  return new FluxError(`no answer within ${timeoutMs} ms`, { code: 'registry/cache-slow' });
}
