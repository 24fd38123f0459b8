/** An entry of a cache: bytes by key. */
export interface CacheEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Where an image cache keeps its entries. What it returns is outside data; it may lose entries at any time, and it may fail. */
export interface CacheStore {
  /** Changes when what was written may be gone: at each opening or connection. */
  readonly epoch: number;
  /** The values of the keys that have one. */
  read(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Replaces entries. They expire unless they are written again within `ENTRY_LIFE_MS`. */
  write(entries: readonly CacheEntry[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Whether several daemons use the store. */
export function isShared(store: CacheStore): store is SharedStore {
  return 'claim' in store;
}

/** A store that several daemons use. */
export interface SharedStore extends CacheStore {
  /** Sets a mark that expires after `ms`; whether it was not set before. */
  claim(key: string, ms: number, signal: AbortSignal): Promise<boolean>;
}

/** Values are smaller than this, which is what memcached accepts; a larger one in a store is not ours. */
export const MAX_VALUE_BYTES = 2 ** 20;

export const ENTRY_LIFE_MS = 7 * 24 * 3_600_000;
