import * as z from 'zod';
import { FluxError, type HttpResponse, type HttpTransport, messageOf } from '../../base/index.ts';
import { ATTEMPTS, type ProviderMetadata } from './provider-metadata.ts';
import { refused, unavailable } from './refusal.ts';

/** What redeems a code: where it was sent, and the verifier of its challenge (RFC 7636). */
export interface Grant {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export interface Client {
  readonly id: string;
  /** Absent for a public client. @throws FluxError if it cannot be read. */
  readonly secret?: () => Promise<string>;
}

/** The tokens for a code. */
export interface Tokens {
  readonly idToken: string;
  readonly accessToken: string;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 65_536;
/** Longer than any that a provider with our limit of groups makes. */
const MAX_TOKEN = 32_768;
const PROVIDER_HELP = 'Sign in again. If this goes on, see the log of the provider.';

const Answer = z.object({ id_token: z.string().max(MAX_TOKEN), access_token: z.string().max(MAX_TOKEN) });
/** RFC 6749, section 5.2. Other words of a provider are not shown. */
const Failure = z.object({
  error: z.enum([
    'invalid_request',
    'invalid_client',
    'invalid_grant',
    'unauthorized_client',
    'unsupported_grant_type',
    'invalid_scope',
  ]),
});

/**
 * Exchanges a code at the token endpoint. A request without an answer is repeated once: a code that was used by it is refused then.
 * @throws FluxError `oidc/refused`, `oidc/unavailable`.
 */
export async function requestTokens(
  { token_endpoint: url, token_endpoint_auth_methods_supported: methods }: ProviderMetadata,
  client: Client,
  grant: Grant,
  { http, signal }: { readonly http: HttpTransport; readonly signal: AbortSignal },
): Promise<Tokens> {
  const secret = await secretOf(client);
  const isBasic = secret !== undefined && (methods === undefined || methods.includes('client_secret_basic'));
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: grant.code,
    redirect_uri: grant.redirectUri,
    code_verifier: grant.verifier,
    client_id: client.id,
    ...(secret === undefined || isBasic ? {} : { client_secret: secret }),
  }).toString();
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    ...(isBasic ? { authorization: basic(client.id, secret) } : {}),
  };
  const send = () =>
    http.request({ method: 'POST', url, headers, body, reach: 'private', maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, signal });
  let problem: unknown;
  for (let attempt = 1; attempt <= ATTEMPTS && !signal.aborted; attempt += 1) {
    try {
      const answer = await send();
      if (answer.status < 500 && answer.status !== 429) return tokensOf(answer, url);
      problem = new Error(`status ${answer.status}`);
    } catch (error) {
      if (!(error instanceof FluxError) || error.code.startsWith('oidc/')) throw error;
      problem = error;
    }
  }
  throw unavailable(`the OpenID Connect provider did not exchange the code: ${messageOf(problem)}`, PROVIDER_HELP, problem);
}

async function secretOf({ secret }: Client): Promise<string | undefined> {
  try {
    return await secret?.();
  } catch (cause) {
    // The place of the file goes only to the log, since the caller is not authenticated.
    throw unavailable(
      'fluxd cannot read the secret of its client',
      'See the log of fluxd, and check --ui-oidc-client-secret-file.',
      cause,
    );
  }
}

function tokensOf({ status, body }: HttpResponse, url: string): Tokens {
  const answer = jsonOf(body);
  const tokens = Answer.safeParse(answer);
  if (status === 200 && tokens.success) return { idToken: tokens.data.id_token, accessToken: tokens.data.access_token };
  const failure = Failure.safeParse(answer);
  if (status === 200 || !failure.success)
    throw unavailable(
      `the OpenID Connect provider did not exchange the code: POST ${url}: ${status === 200 ? 'no ID token and access token' : `status ${status}`}`,
      PROVIDER_HELP,
    );
  const { error } = failure.data;
  if (error === 'invalid_grant')
    throw refused('the provider refused the code (invalid_grant): it was used before, has expired, or is for another page');
  throw refused(
    `the provider refused the client (${error})`,
    'Check --ui-oidc-client-id, and whether the provider wants a secret of it (--ui-oidc-client-secret-file).',
  );
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Both are encoded as in a form before (RFC 6749, section 2.3.1). */
function basic(id: string, secret: string): string {
  const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`;
}
