import * as z from 'zod';
import type { Clock, HttpTransport } from '../../base/index.ts';
import { createKeptDocument, type KeptDocument } from '../jwt/kept-document.ts';
import { unavailable } from './refusal.ts';

/** Requests for each document of a provider: one may be lost. */
export const ATTEMPTS = 2;

const MAX_URL = 2_000;
/** An https URL without user, password and fragment. */
const Endpoint = z
  .string()
  .max(MAX_URL)
  .refine((text) => {
    const url = URL.parse(text);
    return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
  });
const Texts = z.array(z.string()).max(500);

/** What of a provider's metadata fluxd uses (OpenID Connect Discovery 1.0, section 3). */
const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: Endpoint,
  token_endpoint: Endpoint,
  jwks_uri: Endpoint,
  scopes_supported: Texts.optional(),
  token_endpoint_auth_methods_supported: Texts.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
export type ProviderMetadata = Readonly<z.infer<typeof Metadata>>;

export interface ProviderOptions {
  /** An https URL, which is compared as it is written. */
  readonly issuer: string;
  readonly http: HttpTransport;
  readonly clock: Clock;
}

/** The metadata of the provider. Those of another issuer are refused: its endpoints would get our codes. */
export function createProviderMetadata({ issuer, http, clock }: ProviderOptions): KeptDocument<ProviderMetadata> {
  return createKeptDocument({
    http,
    clock,
    attempts: ATTEMPTS,
    url: () => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    parse(document) {
      const metadata = Metadata.parse(document);
      if (metadata.issuer === issuer) return metadata;
      throw unavailable('the provider has another issuer', OPERATOR_HELP);
    },
    unavailable: (url, why, cause) =>
      unavailable(`cannot read the OpenID Connect provider at ${url}: ${why}`, OPERATOR_HELP, cause),
  });
}

const OPERATOR_HELP =
  'Check --ui-oidc-issuer, which must be the issuer as the provider writes it, and that fluxd reaches it and trusts its certificate.';
