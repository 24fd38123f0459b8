import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What came in, before anything of it is believed. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  /** The body as it came; signatures are over these bytes, never over something parsed. */
  readonly bytes: Uint8Array;
}

/** Secret of this process, so that what is compared by it cannot be foreseen. */
const OWN = randomBytes(32);
const HEX_DIGITS = { sha1: 40, sha256: 64 } as const;

/** Whether a header is the HMAC of the body, in lower-case hex after `prefix`. A header that was sent twice arrives joined, and is none. */
export function isSigned(
  { headers, bytes }: Delivery,
  key: Uint8Array,
  header: string,
  { prefix = '', algorithm = 'sha256' }: { readonly prefix?: string; readonly algorithm?: keyof typeof HEX_DIGITS } = {},
): boolean {
  const expected = createHmac(algorithm, key).update(bytes).digest();
  const given = headers[header];
  if (typeof given !== 'string' || !given.startsWith(prefix)) return false;
  const hex = given.slice(prefix.length);
  if (hex.length !== HEX_DIGITS[algorithm] || !/^[0-9a-f]+$/.test(hex)) return false;
  return timingSafeEqual(expected, Buffer.from(hex, 'hex'));
}

/** Whether a header is the key itself. */
export function bearsKey({ headers }: Delivery, key: Uint8Array, header: string): boolean {
  const given = headers[header];
  // Node reads headers as latin1.
  return typeof given === 'string' && isSame(Buffer.from(given, 'latin1'), key);
}

/** Compares in a time that tells nothing of either, of its length neither. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  const digest = (bytes: Uint8Array) => createHmac('sha256', OWN).update(bytes).digest();
  return timingSafeEqual(digest(one), digest(other));
}
