import * as z from 'zod';
import { type Clock, FluxError, type HttpTransport } from '../../../base/index.ts';
import { createKeySet, type KeySet } from '../../jwt/key-set.ts';

/** Google's public keys, by which it signs identity tokens. It replaces them every week or two. */
export const GOOGLE_KEYS_URL = 'https://www.googleapis.com/oauth2/v3/certs';

export interface GoogleKeysOptions {
  readonly http: HttpTransport;
  readonly clock: Clock;
  /** Another address than `GOOGLE_KEYS_URL`, for tests. */
  readonly url?: string;
}

const Keys = z.object({
  keys: z.array(z.looseObject({ kty: z.literal('RSA'), kid: z.string(), n: z.string(), e: z.string() })).max(100),
});

/** The keys, whose use rejects with `webhooks/keys-unavailable` while there are none. */
export function createGoogleKeys({ http, clock, url = GOOGLE_KEYS_URL }: GoogleKeysOptions): KeySet {
  return createKeySet({
    http,
    clock,
    url: () => url,
    parse: (document) => Keys.parse(document),
    unavailable: (at, why, cause) =>
      new FluxError(`cannot get Google's keys from ${at}: ${why}`, {
        code: 'webhooks/keys-unavailable',
        help: 'Pushes from Google are checked by these keys: let fluxd reach this address. Pub/Sub sends them again.',
        cause,
      }),
  });
}
