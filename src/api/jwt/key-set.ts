import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { createKeptDocument, type KeptDocumentOptions } from './kept-document.ts';

/** The public keys by which an issuer signs its tokens (RFC 7517). */
export interface KeySet {
  /**
   * Runs the work with the keys, and once more with new ones if it does not know the key that it needs.
   * @throws FluxError of the document while there are no keys.
   */
  use<T>(work: (keys: JWTVerifyGetKey) => Promise<T | 'unknown key'>): Promise<T | 'unknown key'>;
}

/** Keys that are fetched when they are needed, and kept; `parse` reads the keys that may be used. */
export function createKeySet(options: KeptDocumentOptions<JSONWebKeySet>): KeySet {
  const document = createKeptDocument({ ...options, parse: (value) => createLocalJWKSet(options.parse(value)) });
  return {
    async use(work) {
      const keys = await document.current();
      const result = await work(keys);
      if (result !== 'unknown key') return result;
      const renewed = await document.renewed();
      return renewed === keys ? result : work(renewed);
    },
  };
}
