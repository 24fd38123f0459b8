import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import { createOidc, type OidcOptions } from '../../../src/api/oidc/index.ts';
import { createHttpTransport } from '../../../src/base/index.ts';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';
import { ManualClock } from '../../support/manual-clock.ts';

export const CLIENT_ID = 'flux';
export const REDIRECT_URI = 'https://flux.example.org:3030/ui/';
export const VERIFIER = 'v'.repeat(43);
export const NONCE = 'n'.repeat(32);

export type Handler = (request: IncomingMessage, response: ServerResponse, clock: ManualClock) => void;

export const rsa = await generateKeyPair('RS256', { extractable: true });
export const renewed = await generateKeyPair('RS256', { extractable: true });

/** Of an ID token that is right in all else. */
export interface Changes {
  /** Undefined takes a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey;
  /** In place of the whole token. */
  readonly token?: (usual: string) => string | Promise<string>;
}

/** A provider by TLS that a test may bend; its sign-in page lets everyone in as jane. */
export async function startProvider({ changes = {}, secret }: { readonly changes?: Changes; readonly secret?: string } = {}) {
  const clock = new ManualClock();
  const { cert, key } = selfSignedCertificate(Date.now());
  const asked: string[] = [];
  const forms: URLSearchParams[] = [];
  const credentials: (string | undefined)[] = [];
  const codes = new Map<string, URLSearchParams>();
  const state = {
    metadata: {} as Readonly<Record<string, unknown>>,
    keys: [{ ...(await exportJWK(rsa.publicKey)), kid: 'k1', use: 'sig' }] as readonly object[],
    fault: undefined as ((path: string, nth: number) => Handler | undefined) | undefined,
    changes,
  };

  const idToken = async (nonce: string | null): Promise<string> => {
    const { claims = {}, header = {}, key: signing = rsa.privateKey, token } = state.changes;
    const now = Math.floor(clock.now() / 1000);
    const all = { iss: issuer, aud: CLIENT_ID, sub: 'jane', nonce, groups: ['devs'], iat: now, exp: now + 300, ...claims };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const usual = await new SignJWT(given).setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header }).sign(signing);
    return token ? token(usual) : usual;
  };
  const answerCode = async (form: URLSearchParams): Promise<readonly [number, object]> => {
    const begun = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRight =
      begun?.get('code_challenge') === challenge &&
      ['client_id', 'redirect_uri'].every((name) => form.get(name) === begun.get(name));
    if (!begun || !isRight) return [400, { error: 'invalid_grant', error_description: 'hunter2' }];
    return [200, { access_token: 'an access token', token_type: 'Bearer', id_token: await idToken(begun.get('nonce')) }];
  };
  const serve = async (request: IncomingMessage, body: string): Promise<readonly [number, object]> => {
    switch (request.url) {
      case '/.well-known/openid-configuration':
        return [
          200,
          {
            issuer,
            authorization_endpoint: `${issuer}/authorize?tenant=a`,
            token_endpoint: `${issuer}/token`,
            jwks_uri: `${issuer}/keys`,
            scopes_supported: ['openid', 'groups'],
            ...state.metadata,
          },
        ];
      case '/keys':
        return [200, { keys: state.keys }];
      case '/token':
        forms.push(new URLSearchParams(body));
        credentials.push(request.headers.authorization);
        return answerCode(new URLSearchParams(body));
      default:
        return [404, {}];
    }
  };

  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { url = '' } = request;
      asked.push(url);
      const nth = asked.filter((each) => each === url).length;
      const fault = state.fault?.(url, nth);
      const isLate = fault === LOSE_ANSWER;
      if (fault && !isLate) return fault(request, response, clock);
      const [status, answer] = await serve(request, Buffer.concat(chunks).toString());
      if (isLate) return request.socket.destroy();
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = createHttpTransport({ tls: { ca: cert }, clock });
  onTestFinished(async () => {
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const oidcWith = (options: Partial<OidcOptions> = {}) =>
    createOidc({
      issuer,
      client: { id: CLIENT_ID, ...(secret === undefined ? {} : { secret: async () => secret }) },
      prefixes: { username: 'oidc:', groups: 'oidc:' },
      http,
      clock,
      ...options,
    });
  /** What the browser comes back with. */
  const authorize = (url: string) => {
    const parameters = new URL(url).searchParams;
    const code = `code-${codes.size}-${asked.length}-${forms.length}`;
    codes.set(code, parameters);
    return { code, state: parameters.get('state'), parameters };
  };
  return { issuer, cert, clock, http, asked, forms, credentials, state, oidcWith, authorize };
}

export type Provider = Awaited<ReturnType<typeof startProvider>>;

/** Carries a request out, and loses the answer. */
export const LOSE_ANSWER: Handler = () => {};

/** As a page does it. */
export async function signIn(oidc: ReturnType<Provider['oidcWith']>, { authorize }: Pick<Provider, 'authorize'>) {
  const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
  const url = await oidc.authorizationUrl({ state: 's', nonce: NONCE, challenge, redirectUri: REDIRECT_URI });
  return redeem(oidc, authorize(url).code);
}

export function redeem(oidc: ReturnType<Provider['oidcWith']>, code: string, changes: object = {}) {
  const answer = { code, verifier: VERIFIER, nonce: NONCE, redirectUri: REDIRECT_URI, ...changes };
  return oidc.identify(answer, new AbortController().signal);
}
