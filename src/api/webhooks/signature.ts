import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** An unverified webhook. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  /** The unchanged body; signatures cover these bytes. */
  readonly bytes: Uint8Array;
}

/** A secret of this process, which makes compared digests unpredictable. */
const OWN = randomBytes(32);
const HEX_DIGITS = { sha1: 40, sha256: 64 } as const;

/** Whether a header is the HMAC of the body, in lower-case hex after `prefix`. A repeated header arrives joined, and is invalid. */
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

/** Whether a header is the key itself, also as a bearer token. */
export function bearsKey({ headers }: Delivery, key: Uint8Array, header: string): boolean {
  const given = headers[header];
  if (typeof given !== 'string') return false;
  // Node decodes headers as latin1.
  return isSame(Buffer.from(given.replace(/^Bearer /, ''), 'latin1'), key) || isSame(Buffer.from(given, 'latin1'), key);
}

/** Compares in a time that reveals neither content nor length. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  const digest = (bytes: Uint8Array) => createHmac('sha256', OWN).update(bytes).digest();
  return timingSafeEqual(digest(one), digest(other));
}
