import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ReviewAccess } from '../../../src/api/access/rights.ts';
import type { LiveReads } from '../../../src/controller/index.ts';
import type { AccessQuestion } from '../../../src/resource/index.ts';
import { createTestLog } from '../../support/test-log.ts';
import { daemonOf, type Sent, serveByTls } from '../daemon-fixture.ts';
import { liveReadsOf } from '../live-reads.ts';
import { NONCE, type Provider, startProvider, VERIFIER } from './provider.ts';

const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const REQUEST = { state: 's'.repeat(32), nonce: NONCE, challenge: CHALLENGE };
const HOUR = 3_600_000;

interface Started {
  readonly may?: 'read-only' | 'full';
  readonly changes?: Provider['state']['changes'];
  readonly daemon?: ReturnType<typeof daemonOf>;
  readonly live?: LiveReads;
}

/** fluxd by TLS, in whose cluster the group oidc:devs may do what is asked for, and oidc:weak nothing. */
async function start({ may = 'read-only', changes = {}, daemon = daemonOf(), live }: Started = {}) {
  const provider = await startProvider({ changes });
  const asked: AccessQuestion[] = [];
  const review: ReviewAccess = async (question) => {
    asked.push(question);
    if ('token' in question) return { outcome: 'unknown-token' };
    return { outcome: question.groups.includes('oidc:devs') ? 'allowed' : 'forbidden', user: question.user };
  };
  const { log, lines } = await createTestLog();
  let at = '10.1.2.3';
  const { clock } = provider;
  const api = await serveByTls(
    daemon,
    review,
    () => at,
    { ui: { assets: new Map(), may }, clock, auditLog: log },
    { oidc: provider.oidcWith(), ...(live ? { live } : {}) },
  );
  const host = `127.0.0.1:${api.port}`;
  const page = { host, origin: `https://${host}`, 'sec-fetch-site': 'same-origin' };
  const send = async (path: string, sent: Sent = {}) => {
    const { status, headers, body } = await api.send(path, { ca: api.ca, ...sent, headers: { ...page, ...sent.headers } });
    return { status, headers, body: body === '' ? undefined : JSON.parse(body) };
  };
  const post = (path: string, body: object, headers = {}) =>
    send(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const begin = async () => provider.authorize((await post('/api/v1/ui/oidc/requests', REQUEST)).body.url);
  const redeem = (code: string, more = {}) =>
    post('/api/v1/ui/oidc/sessions', { code, verifier: VERIFIER, nonce: NONCE, ...more });
  const signIn = async () => {
    const { status, body } = await redeem((await begin()).code);
    expect(status).toBe(201);
    return { token: body.token as string, headers: { authorization: `Bearer ${body.token}` } };
  };
  return {
    ...{ provider, asked, api, host, send, post, begin, redeem, signIn, lines },
    come: (address: string) => {
      at = address;
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

test('a user signs in, and the API server decides what they may do (S-073)', async () => {
  await using it = await start();
  expect((await it.send('/api/v1/ui/sign-in')).body).toEqual({ oidc: { issuer: it.provider.issuer } });
  const { code, parameters } = await it.begin();
  expect(parameters.get('redirect_uri')).toBe(`https://${it.host}/ui/`);
  const { status, headers: answered, body } = await it.redeem(code);
  expect({ status, may: body.may, cached: answered['cache-control'] }).toEqual({
    status: 201,
    may: 'read-only',
    cached: 'no-store',
  });
  const headers = { authorization: `Bearer ${body.token}` };
  expect((await it.send('/api/v1/ui/session', { headers })).body).toEqual({ may: 'read-only', user: 'oidc:jane' });
  expect((await it.send('/api/v1/objects', { headers })).status).toBe(200);
  const who = { user: 'oidc:jane', groups: ['oidc:devs'] };
  expect(it.asked).toEqual([
    { ...who, verb: 'get', path: '/fluxd/api/v1/ui/session' },
    { ...who, verb: 'get', path: '/fluxd/api/v1/objects' },
  ]);
});

test('below the path of a proxy, users come back to that path, and to no other place', async () => {
  await using it = await start();
  const ask = (page: unknown) => it.post('/api/v1/ui/oidc/requests', { ...REQUEST, page });
  const { parameters, code } = await it.provider.authorize((await ask('/flux/ui/')).body.url);
  expect(parameters.get('redirect_uri')).toBe(`https://${it.host}/flux/ui/`);
  expect((await it.redeem(code, { page: '/flux/ui/' })).status).toBe(201);
  for (const page of [
    '',
    'ui/',
    '/ui',
    '//evil.example.org/ui/',
    '@evil.example.org/ui/',
    '/../ui/',
    '/a/?x=/ui/',
    '/a b/ui/',
    1,
  ])
    expect((await ask(page)).status).toBe(400);
});

test('a live object is read with the rights of the user, who is named in what they change', async () => {
  const on = { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'cart' } as const;
  const live = liveReadsOf({
    object: async ({ permit }) => {
      await permit(on);
      return { exists: false, fields: [], isCut: false, events: { state: 'read', value: [] } };
    },
  });
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } };
  const daemon = daemonOf({ manifest: async () => ({ object }) });
  await using it = await start({ may: 'full', daemon, live });
  const { headers } = await it.signIn();
  expect((await it.send('/api/v1/live/object?id=shop:deployment/cart', { headers })).status).toBe(200);
  expect(it.asked.at(-1)).toEqual({ user: 'oidc:jane', groups: ['oidc:devs'], on });
  expect((await it.post('/api/v1/automation/suspend', {}, headers)).status).toBe(200);
  expect(JSON.stringify(daemon.calls)).toContain('"oidc:jane"');
});

test('a user without the right may do nothing, and is named', async () => {
  await using it = await start({ changes: { claims: { groups: ['weak'] } } });
  const { headers } = await it.signIn();
  const { status, body } = await it.send('/api/v1/objects', { headers });
  expect({ status, detail: body.detail }).toEqual({ status: 403, detail: 'oidc:jane may not get /fluxd/api/v1/objects' });
});

test('a session may do no more than the page, also without the headers of a browser', async () => {
  for (const [may, status] of [
    ['read-only', 403],
    ['full', 202],
  ] as const) {
    await using it = await start({ may });
    const { headers } = await it.signIn();
    expect((await it.post('/api/v1/syncs', {}, headers)).status).toBe(status);
    const bare = { method: 'POST', ca: it.api.ca, headers: { ...headers, 'content-type': 'application/json' }, body: '{}' };
    expect((await it.api.send('/api/v1/syncs', bare)).status).toBe(status);
  }
});

describe('a session ends', () => {
  const OVER = { status: 403, body: expect.objectContaining({ code: 'api/bad-token', detail: 'the session is over' }) };

  test('eight hours after the sign-in, also while it is used', async () => {
    await using it = await start();
    const { headers } = await it.signIn();
    for (let hour = 0; hour < 8; hour += 1) {
      expect((await it.send('/api/v1/objects', { headers })).status).toBe(200);
      it.provider.clock.advance(HOUR);
    }
    expect(await it.send('/api/v1/objects', { headers })).toMatchObject(OVER);
  });

  test('when its user signs out, and no other one with it', async () => {
    await using it = await start();
    const [one, other] = [await it.signIn(), await it.signIn()];
    expect((await it.send('/api/v1/ui/session', { method: 'DELETE', headers: one.headers })).status).toBe(204);
    expect(await it.send('/api/v1/objects', { headers: one.headers })).toMatchObject(OVER);
    expect((await it.send('/api/v1/objects', { headers: other.headers })).status).toBe(200);
  });

  test('with fluxd; its token never reaches the API server', async () => {
    await using it = await start();
    await using next = await start();
    expect(await next.send('/api/v1/objects', await it.signIn())).toMatchObject(OVER);
    expect(next.asked).toEqual([]);
  });

  test('by plain HTTP at once: no token is read there', async () => {
    await using it = await start();
    const { headers } = await it.signIn();
    expect((await it.api.send('/api/v1/objects', { headers: { ...headers, host: it.host } })).status).toBe(403);
  });
});

describe('a sign-in is refused', () => {
  test.each([
    [
      'with a code twice',
      async (it: Awaited<ReturnType<typeof start>>, code: string) => void (await it.redeem(code)),
      {},
      'invalid_grant',
    ],
    ['with another nonce', async () => undefined, { nonce: 'm'.repeat(32) }, 'nonce'],
    ['with another verifier', async () => undefined, { verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['with the answer of another provider', async () => undefined, { issuer: 'https://elsewhere.example' }, 'another provider'],
  ])('%s, in words that name the check', async (_, before, more, words) => {
    await using it = await start();
    const { code } = await it.begin();
    await before(it, code);
    const { status, body } = await it.redeem(code, more);
    expect({ status, body }).toMatchObject({
      status: 403,
      body: { code: 'oidc/refused', detail: expect.stringContaining(words) },
    });
  });

  test('while the provider is down, and nothing else is', async () => {
    await using it = await start();
    const { headers } = await it.signIn();
    const { code } = await it.begin();
    it.provider.state.fault = () => (request) => request.socket.destroy();
    const { status, body } = await it.redeem(code);
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'oidc/unavailable' });
    expect((await it.send('/api/v1/objects', { headers })).status).toBe(200);
    it.provider.state.fault = undefined;
    expect((await it.redeem(code)).status).toBe(201);
  });

  test('at the address of another host: a code of it is not good there', async () => {
    await using it = await start();
    const { code } = await it.begin();
    const evil = { host: 'evil.example', origin: 'https://evil.example' };
    const { body } = await it.post('/api/v1/ui/oidc/sessions', { code, verifier: VERIFIER, nonce: NONCE }, evil);
    expect(body.detail).toContain('invalid_grant');
    for (const host of ['evil.example/x', 'a b', 'a@b', 'evil.example#'])
      expect((await it.post('/api/v1/ui/oidc/requests', REQUEST, { host, origin: `https://${host}` })).status, host).toBe(400);
  });

  test('for a page of another site, and over loopback', async () => {
    await using it = await start();
    expect((await it.post('/api/v1/ui/oidc/requests', REQUEST, { origin: 'https://evil.example' })).status).toBe(403);
    it.come('127.0.0.1');
    expect((await it.send('/api/v1/ui/sign-in')).body).toEqual({});
    expect((await it.post('/api/v1/ui/oidc/requests', REQUEST)).body.code).toBe('api/forbidden');
    expect((await it.redeem('x')).body.code).toBe('api/forbidden');
    expect(it.provider.asked).toEqual([]);
  });

  test.each([
    ['/api/v1/ui/oidc/requests', { ...REQUEST, state: '' }],
    ['/api/v1/ui/oidc/requests', { ...REQUEST, nonce: 'short' }],
    ['/api/v1/ui/oidc/requests', { ...REQUEST, challenge: 'x'.repeat(129) }],
    ['/api/v1/ui/oidc/requests', { ...REQUEST, state: `${REQUEST.state}&prompt=none` }],
    ['/api/v1/ui/oidc/sessions', { code: '', verifier: VERIFIER, nonce: NONCE }],
    ['/api/v1/ui/oidc/sessions', { code: 'x', nonce: NONCE }],
    ['/api/v1/ui/oidc/sessions', { code: 'x', verifier: VERIFIER }],
  ])('%s with %j', async (path, body) => {
    await using it = await start();
    expect((await it.post(path, body)).status).toBe(400);
    expect(it.provider.asked).toEqual([]);
  });

  test('where there is no provider', async () => {
    const review: ReviewAccess = async () => ({ outcome: 'unknown-token' });
    await using api = await serveByTls(daemonOf(), review, '10.1.2.3', { ui: { assets: new Map(), may: 'full' } });
    const sent = { method: 'POST', ca: api.ca, headers: { 'content-type': 'application/json' }, body: JSON.stringify(REQUEST) };
    expect(JSON.parse((await api.send('/api/v1/ui/oidc/requests', sent)).body)).toMatchObject({
      status: 404,
      code: 'api/not-found',
    });
    expect((await api.send('/api/v1/ui/sign-in', { ca: api.ca })).body).toBe('{}');
  });

  test('for an address that begins without end (S-081)', async () => {
    await using it = await start();
    const statuses: number[] = [];
    for (let number = 0; number < 60; number += 1) statuses.push((await it.post('/api/v1/ui/oidc/requests', REQUEST)).status);
    expect(statuses).toEqual([...Array<number>(50).fill(200), ...Array<number>(10).fill(429)]);
    it.provider.clock.advance(10_000);
    expect((await it.post('/api/v1/ui/oidc/requests', REQUEST)).status).toBe(200);
  });
});

test('each sign-in leaves a line in the audit log, without a code or token', async () => {
  await using it = await start();
  const { code } = await it.begin();
  const { body } = await it.redeem(code);
  await it.redeem(code);
  const lines = it.lines();
  expect(lines).toMatchObject([
    { act: 'sign in', what: 'oidc:jane', outcome: 'accepted', caller: 'anonymous' },
    { act: 'sign in', outcome: 'refused', reason: expect.stringContaining('invalid_grant') },
  ]);
  for (const secret of [code, body.token, VERIFIER, NONCE]) expect(JSON.stringify(lines)).not.toContain(secret);
});
