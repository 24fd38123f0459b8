import { createHmac, timingSafeEqual } from 'node:crypto';

/** Binds values to their keys, so that a value of another entry, of another version or of another author is recognised. */
export interface Seal {
  seal(key: string, payload: Uint8Array): Uint8Array;
  /** The payload; undefined if it is not what was sealed under this key. */
  open(key: string, value: Uint8Array): Uint8Array | undefined;
}

const LENGTH = 32;

/** HMAC-SHA-256 with a secret. With an empty one it is a checksum, for a store that only this daemon writes to. */
export function createSeal(secret: string): Seal {
  const macOf = (key: string, payload: Uint8Array) =>
    createHmac('sha256', secret)
      .update(`${Buffer.byteLength(key)} ${key} `)
      .update(payload)
      .digest();
  return {
    seal: (key, payload) => Buffer.concat([macOf(key, payload), payload]),
    open(key, value) {
      if (value.length < LENGTH) return undefined;
      const payload = value.subarray(LENGTH);
      return timingSafeEqual(value.subarray(0, LENGTH), macOf(key, payload)) ? payload : undefined;
    },
  };
}
