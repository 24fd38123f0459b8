import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { createOidc } from '../../../src/api/oidc/index.ts';
import { createHttpTransport, systemClock } from '../../../src/base/index.ts';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';

/** A provider of OpenID Connect by another author, on another site than fluxd. Users are in the group readers. */
export async function startIdentityProvider() {
  const { cert, key } = selfSignedCertificate(Date.now());
  let answer: (request: IncomingMessage, response: ServerResponse) => unknown = (_, response) => response.writeHead(503).end();
  const server = createServer({ cert, key }, (request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;
  const http = createHttpTransport({ tls: { ca: cert } });
  let ahead = 0;
  const clientIdOfFluxd = 'flux';
  return {
    issuer,
    oidc: createOidc({
      issuer,
      client: { id: clientIdOfFluxd },
      prefixes: { username: 'oidc:', groups: 'oidc:' },
      http,
      clock: { ...systemClock, monotonic: () => systemClock.monotonic() + ahead },
    }),
    /** For fluxd, which asks for new keys at most every ten seconds. */
    pass(ms: number): void {
      ahead += ms;
    },
    /** Begins to answer, for the page of fluxd at this origin, and with keys of its own each time. */
    async serve(origin: string, path = '/ui/'): Promise<void> {
      const { privateKey } = await generateKeyPair('ES256', { extractable: true });
      const provider = new Provider(issuer, {
        clients: [
          {
            client_id: clientIdOfFluxd,
            token_endpoint_auth_method: 'none',
            redirect_uris: [`${origin}${path}`],
            id_token_signed_response_alg: 'ES256',
          },
        ],
        jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: crypto.randomUUID() }] },
        cookies: { keys: ['a key of the test'] },
        conformIdTokenClaims: false,
        scopes: ['openid', 'groups'],
        claims: { openid: ['sub'], groups: ['groups'] },
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, groups: ['readers'] }) }),
        enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
      });
      answer = provider.callback();
    },
    async [Symbol.asyncDispose]() {
      http.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
