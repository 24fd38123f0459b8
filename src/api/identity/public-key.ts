import type { PublicKeyWire } from '../wire/index.ts';
import { fingerprintsOf } from './fingerprint.ts';

/** A public key for clients; empty if there is none. */
export function publicKeyToWire(publicKey: string): PublicKeyWire {
  const key = publicKey.trim();
  return key === '' ? { key: '', fingerprints: null } : { key: `${key}\n`, fingerprints: fingerprintsOf(key) };
}
