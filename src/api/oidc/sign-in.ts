import type { Clock, HttpTransport } from '../../base/index.ts';
import type { UserIdentity } from '../../resource/index.ts';
import { verifyIdToken } from './id-token.ts';
import { type IdentityPrefixes, identityOf } from './identity.ts';
import { createProviderKeys } from './provider-keys.ts';
import { createProviderMetadata } from './provider-metadata.ts';
import { refused } from './refusal.ts';
import { type Client, type Grant, requestTokens } from './token-request.ts';

export interface OidcOptions {
  /** An https URL, as the provider writes it. */
  readonly issuer: string;
  readonly client: Client;
  readonly prefixes: IdentityPrefixes;
  readonly http: HttpTransport;
  readonly clock: Clock;
}

/** What a page sends its user to the provider with; it keeps the verifier of the challenge (S256). */
export interface SignInRequest {
  readonly state: string;
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** What the provider answered to the page. */
export interface SignInAnswer extends Grant {
  readonly nonce: string;
  /** The parameter `iss` (RFC 9207). */
  readonly issuer?: string | undefined;
}

/** Of a whole sign-in, in milliseconds; the page waits for longer. */
const PATIENCE_MS = 20_000;

/**
 * Signs users in by the Authorization Code flow of OpenID Connect with PKCE. Nothing is kept between its two steps: state, nonce and
 * verifier belong to the tab that began.
 */
export function createOidc({ issuer, client, prefixes, http, clock }: OidcOptions) {
  const metadata = createProviderMetadata({ issuer, http, clock });
  const keys = createProviderKeys(metadata, { http, clock });

  /** The URL of the provider to which the browser goes. @throws FluxError `oidc/unavailable` */
  async function authorizationUrl({ state, nonce, challenge, redirectUri }: SignInRequest): Promise<string> {
    const { authorization_endpoint: endpoint, scopes_supported: scopes = [] } = await metadata.current();
    const url = new URL(endpoint);
    const parameters = {
      response_type: 'code',
      client_id: client.id,
      redirect_uri: redirectUri,
      // Some providers refuse a scope that they do not know.
      scope: scopes.includes('groups') ? 'openid groups' : 'openid',
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** Whom the provider has signed in. @throws FluxError `oidc/refused` with the check that failed; `oidc/unavailable`. */
  async function identify({ nonce, issuer: from, ...grant }: SignInAnswer, parent: AbortSignal): Promise<UserIdentity> {
    using deadline = clock.deadline(PATIENCE_MS, parent);
    const provider = await metadata.current();
    const isNamed = from !== undefined || provider.authorization_response_iss_parameter_supported === true;
    if (isNamed && from !== issuer) throw refused('the answer comes from another provider: iss is not --ui-oidc-issuer');
    const { idToken, accessToken } = await requestTokens(provider, client, grant, { http, signal: deadline.signal });
    const expected = { issuer, clientId: client.id, nonce, accessToken };
    return identityOf(await verifyIdToken(idToken, expected, keys, clock), prefixes);
  }

  return { issuer, authorizationUrl, identify };
}

export type Oidc = ReturnType<typeof createOidc>;
