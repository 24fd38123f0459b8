import { fingerprintOf, type KeyPair, privateKeyIn } from './key-pair.ts';
import type { KeySecretChange, KeySecretState } from './key-secret.ts';

/** What the Secret holds of keys. */
export interface StoredKeys {
  /** Of the Secret; `absent` when it does not exist. */
  readonly version: string;
  readonly current?: Buffer;
  /** The key before, until the Git hosts have accepted the current one. */
  readonly previous?: Buffer;
  /** Fingerprints of keys that were replaced, the last one first: a file that holds one is out of date. */
  readonly replaced: readonly string[];
}

/** As Flux v1's Secret, whose keys these are. Flux v1 wrote `identity` even with another --k8s-secret-data-key. */
const FLUX_V1_KEY = 'identity';
const REPLACED = 'fluxcd.io/replaced-keys';
/** A mounted file is older than this many regenerations for a minute at most. */
const MAX_REPLACED = 5;
const ABSENT = 'absent';

export function storedKeys(state: KeySecretState | undefined, dataKey: string): StoredKeys {
  if (!state) return { version: ABSENT, replaced: [] };
  const { version, data, annotations } = state;
  const current = privateKeyIn(data.get(dataKey)) ?? privateKeyIn(data.get(FLUX_V1_KEY));
  const previous = privateKeyIn(data.get(previousOf(dataKey)));
  return {
    version,
    ...(current ? { current } : {}),
    ...(previous ? { previous } : {}),
    replaced: annotations.get(REPLACED)?.split(' ') ?? [],
  };
}

/** Stores a key where there was none. */
export function firstKey({ privateKey, publicKey }: KeyPair, dataKey: string): KeySecretChange {
  return { data: { [dataKey]: privateKey, [publicOf(dataKey)]: Buffer.from(publicKey) } };
}

/**
 * Makes a new key current, and keeps the one in use. Of two regenerations in a row it keeps the older one, since no host may have
 * accepted the one between them.
 */
export function regenerated(stored: StoredKeys, inUse: KeyPair | undefined, made: KeyPair, dataKey: string): KeySecretChange {
  const previous = stored.previous ?? inUse?.privateKey;
  const replaced = [...new Set([...(inUse ? [fingerprintOf(inUse)] : []), ...stored.replaced])].slice(0, MAX_REPLACED);
  return {
    data: { ...firstKey(made, dataKey).data, ...(previous ? { [previousOf(dataKey)]: previous } : {}) },
    ...(replaced.length > 0 ? { annotations: { [REPLACED]: replaced.join(' ') } } : {}),
  };
}

/** Removes the key before. */
export function settled(dataKey: string): KeySecretChange {
  return { data: { [previousOf(dataKey)]: null } };
}

function publicOf(dataKey: string): string {
  return `${dataKey}.pub`;
}

function previousOf(dataKey: string): string {
  return `${dataKey}.previous`;
}
