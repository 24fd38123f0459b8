import { createHash, createHmac } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';
import { sampled } from '../../support/sampled.ts';
import {
  type Changes,
  CLIENT_ID,
  type Handler,
  LOSE_ANSWER,
  NONCE,
  REDIRECT_URI,
  redeem,
  renewed,
  rsa,
  signIn,
  startProvider,
} from './provider.ts';

const stranger = await generateKeyPair('RS256', { extractable: true });
const JANE = { user: 'oidc:jane', groups: ['oidc:devs'] };
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const withHeader = (header: object) => (token: string) => `${base64(header)}.${token.split('.')[1]}.`;

async function changed(changes: Changes) {
  const provider = await startProvider({ changes });
  return { provider, oidc: provider.oidcWith() };
}

test('a user is who the provider says, with a code that is bound to the page (S-073)', async () => {
  const provider = await startProvider();
  const oidc = provider.oidcWith();
  const url = await oidc.authorizationUrl({ state: 's', nonce: NONCE, challenge: 'c', redirectUri: REDIRECT_URI });
  expect(url.startsWith(`${provider.issuer}/authorize?`)).toBe(true);
  expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
    tenant: 'a',
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope: 'openid groups',
    state: 's',
    nonce: NONCE,
    code_challenge: 'c',
    code_challenge_method: 'S256',
  });
  expect(await signIn(oidc, provider)).toEqual(JANE);
  expect(provider.asked).toEqual(['/.well-known/openid-configuration', '/token', '/keys']);
  expect(provider.credentials).toEqual([undefined]);
  expect(provider.forms[0]?.has('client_secret')).toBe(false);
  await signIn(oidc, provider);
  expect(provider.asked).toHaveLength(4);
});

test('no scope is asked for that the provider does not have', async () => {
  const provider = await startProvider();
  provider.state.metadata = { scopes_supported: undefined };
  const url = await provider.oidcWith().authorizationUrl({ state: 's', nonce: NONCE, challenge: 'c', redirectUri: REDIRECT_URI });
  expect(new URL(url).searchParams.get('scope')).toBe('openid');
});

test.each<[string, readonly string[] | undefined, string | undefined, string | null]>([
  [
    'in a header, as every provider accepts it',
    undefined,
    `Basic ${Buffer.from('flux:hunter%C3%A42+').toString('base64')}`,
    null,
  ],
  ['in the form, where the provider wants that', ['client_secret_post'], undefined, 'hunterä2 '],
])('the secret of the client is sent %s', async (_, methods, header, form) => {
  const provider = await startProvider({ secret: 'hunterä2 ' });
  provider.state.metadata = { token_endpoint_auth_methods_supported: methods };
  expect(await signIn(provider.oidcWith(), provider)).toEqual(JANE);
  expect(provider.credentials).toEqual([header]);
  expect(provider.forms[0]?.get('client_secret')).toBe(form);
});

describe('an ID token is refused', () => {
  const claims = (given: Changes['claims']): Changes => (given ? { claims: given } : {});
  const NOW = Date.parse('2030-01-01T00:00:00Z') / 1000;
  test.each<[string, Changes, RegExp]>([
    ['of another issuer', claims({ iss: 'https://elsewhere.example' }), /iss is not --ui-oidc-issuer/],
    ['of no issuer', claims({ iss: undefined }), /iss is not --ui-oidc-issuer/],
    ['for another client', claims({ aud: 'other' }), /aud does not have/],
    ['for a client that begins alike', claims({ aud: 'flux-2' }), /aud does not have/],
    ['for no client', claims({ aud: undefined }), /aud does not have/],
    ['for several clients, of no party', claims({ aud: ['flux', 'other'] }), /azp is not/],
    ['for several clients, of another party', claims({ aud: ['flux', 'other'], azp: 'other' }), /azp is not/],
    ['of another party', claims({ azp: 'other' }), /azp is not/],
    ['of another sign-in', claims({ nonce: 'm'.repeat(32) }), /nonce is not/],
    ['of no sign-in', claims({ nonce: undefined }), /nonce is not/],
    ['that has expired', claims({ iat: NOW - 400, exp: NOW - 61 }), /exp has passed/],
    ['that never expires', claims({ exp: undefined }), /exp is missing/],
    ['that expires in text', claims({ exp: 'tomorrow' }), /exp is missing/],
    ['of the future', claims({ iat: NOW + 120 }), /iat is/],
    ['of an hour ago', claims({ iat: NOW - 3_600, exp: NOW + 3_600 }), /iat is/],
    ['that does not say when it was made', claims({ iat: undefined }), /iat is/],
    ['that is not valid yet', claims({ nbf: NOW + 120 }), /nbf is in the future/],
    ['with the access token of another', claims({ at_hash: 'x'.repeat(22) }), /at_hash differs/],
    ['signed by a stranger', { key: stranger.privateKey }, /signature .* is not valid/],
    ['signed by a stranger with a key of their own', { key: stranger.privateKey, header: { kid: 'k9' } }, /does not publish/],
    [
      'signed with the public key as a secret',
      {
        token: async (usual) => {
          const text = `${base64({ alg: 'HS256', kid: 'k1' })}.${usual.split('.')[1]}`;
          const secret = JSON.stringify({ ...(await exportJWK(rsa.publicKey)), kid: 'k1', use: 'sig' });
          return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
        },
      },
      /an algorithm that is not accepted/,
    ],
    ['without a signature', { token: withHeader({ alg: 'none' }) }, /an algorithm that is not accepted/],
    ['whose signature is cut off', { token: withHeader({ alg: 'RS256', kid: 'k1' }) }, /signature .* is not valid/],
    ['that is none', { token: () => 'hunter2' }, /cannot be read/],
    ['of empty parts', { token: () => '..' }, /cannot be read/],
    [
      'with a demand that fluxd does not know',
      { token: withHeader({ alg: 'RS256', crit: ['x'], x: 1 }) },
      /not accepted|cannot be read/,
    ],
    ['of the group of administrators of Kubernetes, without a prefix', claims({ groups: ['system:masters'] }), /"system:"/],
    ['of no user', claims({ sub: undefined }), /names no user/],
    ['of an empty user', claims({ sub: '' }), /names no user/],
    ['of a user that is a number', claims({ sub: 7 }), /names no user/],
    ['of a user with a line end', claims({ sub: 'jane\nadmin' }), /names no user/],
    ['of a user without end', claims({ sub: 'x'.repeat(256) }), /names no user/],
    ['of an empty group', claims({ groups: ['devs', ''] }), /claim groups/],
    ['of a group without end', claims({ groups: ['x'.repeat(257)] }), /claim groups/],
    ['of a group with a control character', claims({ groups: ['a\u0000b'] }), /claim groups/],
    ['of very many groups', claims({ groups: Array.from({ length: 501 }, (_, index) => `g${index}`) }), /claim groups/],
    ['of groups in another form', claims({ groups: { devs: true } }), /claim groups/],
  ])('%s', async (_, changes, message) => {
    const provider = await startProvider({ changes });
    const oidc = provider.oidcWith({ prefixes: { username: 'oidc:', groups: message.source.includes('system') ? '' : 'oidc:' } });
    const refusal = await signIn(oidc, provider).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'oidc/refused', message: expect.stringMatching(message), help: expect.any(String) });
    expect(String(refusal)).not.toMatch(/hunter2|ey[A-Za-z0-9]/);
  });
});

describe('an ID token is accepted', () => {
  const hash = createHash('sha256').update('an access token').digest().subarray(0, 16).toString('base64url');
  test.each<[string, Changes, object]>([
    ['for several clients, issued to fluxd', { claims: { aud: ['flux', 'other'], azp: 'flux' } }, JANE],
    ['with the hash of its access token', { claims: { at_hash: hash } }, JANE],
    ['of a clock that is a little ahead', { claims: { iat: Date.parse('2030-01-01T00:00:30Z') / 1000 } }, JANE],
    ['without groups', { claims: { groups: undefined } }, { user: 'oidc:jane', groups: [] }],
    ['with one group as text', { claims: { groups: 'devs' } }, JANE],
    [
      'with a group that is reserved, after a prefix',
      { claims: { groups: ['system:masters'] } },
      { ...JANE, groups: ['oidc:system:masters'] },
    ],
  ])('%s', async (_, changes, identity) => {
    const { provider, oidc } = await changed(changes);
    expect(await signIn(oidc, provider)).toEqual(identity);
  });

  test.each(['PS256', 'ES256', 'EdDSA'])('signed by %s', async (alg) => {
    const pair = await generateKeyPair(alg, { extractable: true });
    const { provider, oidc } = await changed({ key: pair.privateKey, header: { alg, kid: 'k2' } });
    provider.state.keys = [
      ...provider.state.keys,
      { kty: 'oct', k: 'aaaa', kid: 'k2' },
      { ...(await exportJWK(pair.publicKey)), kid: 'k2' },
    ];
    expect(await signIn(oidc, provider)).toEqual(JANE);
  });
});

describe('a code', () => {
  const begun = async () => {
    const provider = await startProvider();
    const oidc = provider.oidcWith();
    const challenge = createHash('sha256').update('v'.repeat(43)).digest('base64url');
    const url = await oidc.authorizationUrl({ state: 's', nonce: NONCE, challenge, redirectUri: REDIRECT_URI });
    return { provider, oidc, code: provider.authorize(url).code };
  };

  test('is good once', async () => {
    const { oidc, code } = await begun();
    expect(await redeem(oidc, code)).toEqual(JANE);
    await expect(redeem(oidc, code)).rejects.toMatchObject({
      code: 'oidc/refused',
      message: expect.stringContaining('invalid_grant'),
    });
  });

  test.each([
    ['another verifier', { verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['another page', { redirectUri: 'https://evil.example/ui/' }, 'invalid_grant'],
    ['another nonce', { nonce: 'm'.repeat(32) }, 'nonce is not'],
    ['the answer of another provider', { issuer: 'https://elsewhere.example' }, 'another provider'],
  ])('is nothing with %s', async (_, changes, message) => {
    const { oidc, code } = await begun();
    await expect(redeem(oidc, code, changes)).rejects.toMatchObject({
      code: 'oidc/refused',
      message: expect.stringContaining(message),
    });
  });

  test('of a provider that names itself in its answers has to come with its name', async () => {
    const { provider, oidc, code } = await begun();
    provider.state.metadata = { authorization_response_iss_parameter_supported: true };
    const strict = provider.oidcWith();
    await expect(redeem(strict, code)).rejects.toThrow('another provider');
    expect(await redeem(strict, code, { issuer: provider.issuer })).toEqual(JANE);
    expect(await redeem(oidc, code).catch(({ code: why }) => why)).toBe('oidc/refused');
  });

  test.each([
    [401, { error: 'invalid_client', error_description: 'hunter2' }, /refused the client \(invalid_client\)/],
    [400, { error: 'hunter2' }, /status 400/],
    [200, { access_token: 'hunter2' }, /no ID token/],
    [302, {}, /status 302/],
  ])('that is answered %d %j fails, and the answer is not shown', async (status, answer, message) => {
    const { provider, oidc, code } = await begun();
    provider.state.fault = (path) =>
      path === '/token' ? (_, response) => response.writeHead(status, { location: '/' }).end(JSON.stringify(answer)) : undefined;
    const failure = await redeem(oidc, code).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain('hunter2');
  });
});

describe('a provider', () => {
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['with another issuer', { issuer: 'https://elsewhere.example' }, /another issuer/],
    ['whose issuer ends otherwise', { issuer: 'https://127.0.0.1/' }, /another issuer/],
    ['that sends codes by plain HTTP', { token_endpoint: 'http://127.0.0.1/token' }, /not the expected answer/],
    ['with a password in a URL', { jwks_uri: 'https://a:b@127.0.0.1/' }, /not the expected answer/],
    ['that leads to a script', { authorization_endpoint: 'javascript:alert(1)' }, /not the expected answer/],
    ['without an endpoint', { token_endpoint: undefined }, /not the expected answer/],
  ])('%s is not used', async (_, metadata, message) => {
    const provider = await startProvider();
    provider.state.metadata = metadata;
    await expect(signIn(provider.oidcWith(), provider)).rejects.toMatchObject({
      code: 'oidc/unavailable',
      message: expect.stringMatching(message),
    });
    expect(provider.forms).toEqual([]);
  });

  test('of a metadata service is not asked (S-012)', async () => {
    const provider = await startProvider();
    provider.state.metadata = { token_endpoint: 'https://169.254.169.254/token' };
    await expect(signIn(provider.oidcWith(), provider)).rejects.toMatchObject({
      code: 'oidc/unavailable',
      message: expect.stringContaining('metadata service'),
    });
  });

  test('may change its keys, and is asked for new ones at most every ten seconds', async () => {
    const provider = await startProvider();
    const oidc = provider.oidcWith();
    expect(await signIn(oidc, provider)).toEqual(JANE);
    provider.clock.advance(10_000);
    provider.state.keys = [{ ...(await exportJWK(renewed.publicKey)), kid: 'k2', use: 'sig' }];
    provider.state.changes = { key: renewed.privateKey, header: { kid: 'k2' } };
    expect(await signIn(oidc, provider)).toEqual(JANE);
    for (const kid of ['k3', 'k4', 'k5']) {
      provider.state.changes = { key: renewed.privateKey, header: { kid } };
      await expect(signIn(oidc, provider)).rejects.toThrow('does not publish');
    }
    expect(provider.asked.filter((path) => path === '/keys')).toHaveLength(2);
  });
});

const FAULTS: readonly (readonly [string, Handler])[] = [
  ['is answered 503', (_, response) => response.writeHead(503).end('hunter2')],
  ['is answered 500', (_, response) => response.writeHead(500).end()],
  ['is answered 429', (_, response) => response.writeHead(429).end()],
  ['is lost before it arrives', (request) => request.socket.destroy()],
  ['is lost after it was carried out', LOSE_ANSWER],
  [
    'is cut in the middle of its answer',
    (_, response) => void response.writeHead(200, { 'content-length': '900' }).write('{"keys":[', () => response.destroy()),
  ],
  ['is never answered', (_request, _response, clock) => clock.advance(5_000)],
  ['is answered by headers alone', (_, response, clock) => void response.writeHead(200).write(' ', () => clock.advance(5_000))],
  ['is answered with a page', (_, response) => response.writeHead(200).end('<html>hunter2</html>')],
  ['is answered without end', (_, response) => response.writeHead(200).end(`{"keys":["${'x'.repeat(300_000)}`)],
];
/** The provider has used the code, so that no one may use it again. */
const HAS_USED_THE_CODE = new Set(['is lost after it was carried out']);

describe.each(['/.well-known/openid-configuration', '/token', '/keys'])('of the requests for %s', (path) => {
  test.each(sampled(`ways to lose a request for ${path}`, FAULTS, 3))('one %s: the user signs in', async (name, fault) => {
    const provider = await startProvider();
    const oidc = provider.oidcWith();
    provider.state.fault = (asked, nth) => (asked === path && nth === 1 ? fault : undefined);
    const first = await signIn(oidc, provider).catch((error: unknown) => error);
    if (path === '/token' && (HAS_USED_THE_CODE.has(name) || /page/.test(name)))
      expect(first).toMatchObject({ code: expect.stringMatching(/^oidc\//), help: expect.stringContaining('Sign in again') });
    else expect(first).toEqual(JANE);
    expect(await signIn(oidc, provider)).toEqual(JANE);
  });

  test.each(sampled(`ways to lose all requests for ${path}`, FAULTS.slice(0, 8), 3))(
    'each %s: the sign-in fails, says why, and works once the provider is back',
    async (_, fault) => {
      const provider = await startProvider();
      const oidc = provider.oidcWith();
      provider.state.fault = (asked) => (asked === path ? fault : undefined);
      const failure = await signIn(oidc, provider).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'oidc/unavailable', help: expect.any(String) });
      expect(String(failure)).not.toContain('hunter2');
      provider.state.fault = undefined;
      provider.clock.advance(10_000);
      expect(await signIn(oidc, provider)).toEqual(JANE);
    },
  );
});
