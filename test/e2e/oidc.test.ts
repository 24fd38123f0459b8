import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { CLIENT_ID, NONCE, startProvider, VERIFIER } from '../api/oidc/provider.ts';
import { certificateFiles } from '../support/certificate-files.ts';
import { freePort } from '../support/free-port.ts';
import { networkAddress as address } from '../support/network-address.ts';
import { startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.skipIf(address === undefined)(
  'fluxd signs a user in at a provider, and asks the API server what the user and their groups may do',
  async () => {
    const provider = await startProvider();
    const now = Math.floor(Date.now() / 1000);
    provider.state.changes = { claims: { iat: now, exp: now + 300 } };
    const repository = await world.repository();
    const revision = await repository.commit('Nothing yet', { 'README.md': 'nothing' });
    const files = certificateFiles();
    onTestFinished(() => files[Symbol.dispose]());
    const { cert } = files.renew();
    const caFile = join(dirname(files.certFile), 'ca.crt');
    writeFileSync(caFile, provider.cert);
    const port = await freePort();
    const fluxd = await world.fluxd(repository, {
      args: [
        ...[`--listen=:${port}`, `--tls-cert-file=${files.certFile}`, `--tls-private-key-file=${files.keyFile}`],
        ...[`--ui-oidc-issuer=${provider.issuer}`, `--ui-oidc-client-id=${CLIENT_ID}`],
        ...['--ui-oidc-username-prefix=sso:', '--ui-oidc-groups-prefix=sso:'],
      ],
      env: { NODE_EXTRA_CA_CERTS: caFile },
      wait: false,
    });
    const reviews: unknown[] = [];
    fluxd.proxy.intercept = ({ path, body }) => {
      if (!path.endsWith('/subjectaccessreviews')) return undefined;
      const { user, groups, nonResourceAttributes: asked } = JSON.parse(body).spec;
      reviews.push({ user, groups, ...asked });
      const status = { allowed: asked.verb === 'get' };
      return { kind: 'answer', status: 201, body: { kind: 'SubjectAccessReview', status } };
    };
    await repository.synced(revision);

    const send = (path: string, body?: object, token?: string) => exchange({ port, cert }, path, body, token);
    expect(await send('/ui/sign-in')).toMatchObject({ status: 200, body: { oidc: { issuer: provider.issuer } } });
    const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
    const begun = await send('/ui/oidc/requests', { state: 's'.repeat(43), nonce: NONCE, challenge });
    expect(begun).toMatchObject({ status: 200, body: { url: expect.any(String) } });
    const { code } = provider.authorize((begun.body as { url: string }).url);
    const session = await send('/ui/oidc/sessions', { code, verifier: VERIFIER, nonce: NONCE });
    expect(session).toMatchObject({ status: 201, body: { may: 'read-only' } });
    const { token } = session.body as { token: string };
    expect(await send('/overview', undefined, token)).toMatchObject({ status: 200 });
    expect(reviews).toEqual([{ user: 'sso:jane', groups: ['sso:devs'], path: '/fluxd/api/v1/overview', verb: 'get' }]);
    // The page may only read, whatever its user has the right to.
    expect(await send('/syncs', {}, token)).toMatchObject({ status: 403 });
    for (const secret of [token, code, VERIFIER]) expect(fluxd.log()).not.toContain(secret);
    expect(fluxd.log()).toContain('sso:jane');
  },
);

/** One exchange by TLS with the API of fluxd, as from the network. */
function exchange(to: { readonly port: number; readonly cert: string }, path: string, body?: object, token?: string) {
  return new Promise<{ readonly status: number; readonly body: unknown }>((resolve, reject) => {
    const outgoing = request(
      {
        ...{ host: address, port: to.port, path: `/api/v1${path}`, ca: to.cert, servername: 'localhost', agent: false },
        method: body ? 'POST' : 'GET',
        headers: {
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      async (incoming) => {
        let text = '';
        for await (const piece of incoming.setEncoding('utf8')) text += piece;
        resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text) });
      },
    );
    outgoing.once('error', reject).end(body && JSON.stringify(body));
  });
}
