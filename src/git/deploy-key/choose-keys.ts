import { fingerprintOf, type KeyPair, samePrivateKey } from './key-pair.ts';

/** The keys that ssh offers. */
export interface Keys {
  readonly current: KeyPair;
  /** Offered second, until the hosts have accepted the current one. */
  readonly previous?: KeyPair;
  /** Where the current one is from. */
  readonly from: 'mount' | 'secret';
}

/** What is known of keys. */
export interface Found {
  /** The file that is mounted from a Secret, if there is one. */
  readonly mounted?: KeyPair | undefined;
  /** The Secret's own, as far as it can be read. */
  readonly current?: KeyPair | undefined;
  readonly previous?: KeyPair | undefined;
  readonly replaced: readonly string[];
}

/**
 * As in Flux v1 the mounted key is used, whichever Secret it is from. Only the one that the Secret says was replaced is not: a mounted file
 * follows its Secret a minute later, or never. Undefined when there is no key.
 */
export function chooseKeys({ mounted, current, previous, replaced }: Found): Keys | undefined {
  const stored: Keys | undefined = current && { current, ...(previous ? { previous } : {}), from: 'secret' };
  if (!mounted) return stored;
  const isStored = samePrivateKey(current, mounted);
  if (stored && (isStored || replaced.includes(fingerprintOf(mounted)))) return stored;
  return { current: mounted, from: 'mount' };
}
