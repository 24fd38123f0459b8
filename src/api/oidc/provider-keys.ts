import * as z from 'zod';
import type { Clock, HttpTransport } from '../../base/index.ts';
import type { KeptDocument } from '../jwt/kept-document.ts';
import { createKeySet, type KeySet } from '../jwt/key-set.ts';
import { ATTEMPTS, type ProviderMetadata } from './provider-metadata.ts';
import { unavailable } from './refusal.ts';

const PUBLIC_KEYS: ReadonlySet<string> = new Set(['RSA', 'EC', 'OKP']);

/** A secret among the keys, with which any reader of them could sign, is left out. */
const Keys = z.object({
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .max(100)
    .transform((keys) => keys.filter(({ kty }) => PUBLIC_KEYS.has(kty))),
});

/** The keys by which the provider signs ID tokens. Their use rejects with `oidc/unavailable` while there are none. */
export function createProviderKeys(
  metadata: KeptDocument<ProviderMetadata>,
  { http, clock }: { readonly http: HttpTransport; readonly clock: Clock },
): KeySet {
  return createKeySet({
    http,
    clock,
    attempts: ATTEMPTS,
    url: async () => (await metadata.current()).jwks_uri,
    parse: (document) => Keys.parse(document),
    unavailable: (url, why, cause) =>
      unavailable(
        `cannot read the keys of the OpenID Connect provider at ${url}: ${why}`,
        'Let fluxd reach this address. ID tokens are checked by these keys.',
        cause,
      ),
  });
}
