import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createApiServer } from '../../src/api/index.ts';
import type { ReviewAccess } from '../../src/api/network/rights.ts';
import { silentLogger } from '../../src/base/index.ts';
import { daemonOf, type Sent, send, sendRaw, serve, serveByTls } from './daemon-fixture.ts';
import { receive } from './webhooks/fixture.ts';

const json = { 'content-type': 'application/json' };
const empty: Sent = { method: 'POST', headers: json, body: '{}' };
const approval: Sent = { method: 'POST', headers: json, body: '{"hash":"0123456789abcdef"}' };
const update: Sent = { method: 'POST', body: '{"type":"sync","spec":{}}' };

/** Every route, how to call it, and what it answers over loopback and from the network. */
const TABLE: Readonly<Record<string, readonly [path: string, sent: Sent, loopback: number, network: number]>> = {
  'GET /healthz': ['/healthz', {}, 200, 200],
  'HEAD /healthz': ['/healthz', { method: 'HEAD' }, 200, 200],
  'GET /readyz': ['/readyz', {}, 200, 200],
  'HEAD /readyz': ['/readyz', { method: 'HEAD' }, 200, 200],
  'GET /metrics': ['/metrics', {}, 200, 200],
  'HEAD /metrics': ['/metrics', { method: 'HEAD' }, 200, 200],
  'GET /api/flux/v6/identity.pub': ['/api/flux/v6/identity.pub', {}, 200, 200],
  'POST /api/flux/v6/identity.pub': ['/api/flux/v6/identity.pub', { method: 'POST' }, 204, 403],
  'GET /api/flux/v11/ping': ['/api/flux/v11/ping', {}, 204, 403],
  'GET /api/flux/v11/version': ['/api/flux/v11/version', {}, 200, 403],
  'POST /api/flux/v11/notify': ['/api/flux/v11/notify', { method: 'POST', body: '{"Kind":"git"}' }, 202, 403],
  'GET /api/flux/v6/services': ['/api/flux/v6/services', {}, 200, 403],
  'GET /api/flux/v11/services': ['/api/flux/v11/services', {}, 200, 403],
  'GET /api/flux/v6/images': ['/api/flux/v6/images', {}, 200, 403],
  'GET /api/flux/v10/images': ['/api/flux/v10/images', {}, 200, 403],
  'POST /api/flux/v9/update-manifests': ['/api/flux/v9/update-manifests', update, 200, 403],
  'GET /api/flux/v6/jobs': ['/api/flux/v6/jobs?id=x', {}, 404, 403],
  'GET /api/flux/v6/sync': ['/api/flux/v6/sync?ref=x', {}, 200, 403],
  'GET /api/flux/v6/export': ['/api/flux/v6/export', {}, 200, 403],
  'HEAD /api/flux/v6/export': ['/api/flux/v6/export', { method: 'HEAD' }, 200, 403],
  'POST /api/flux/v9/git-repo-config': ['/api/flux/v9/git-repo-config', { method: 'POST', body: 'false' }, 200, 403],
  'POST /api/flux/v6/update-images': [
    '/api/flux/v6/update-images?service=%3Call%3E&image=a:1&kind=plan',
    { method: 'POST' },
    200,
    403,
  ],
  'PATCH /api/flux/v6/policies': ['/api/flux/v6/policies', { method: 'PATCH', body: '{}' }, 200, 403],
  'POST /api/v1/syncs': ['/api/v1/syncs', empty, 202, 403],
  'GET /api/v1/syncs/{id}': ['/api/v1/syncs/x', {}, 200, 403],
  'GET /api/v1/health': ['/api/v1/health', {}, 200, 403],
  'POST /api/v1/diffs': ['/api/v1/diffs', empty, 200, 403],
  'GET /api/v1/objects': ['/api/v1/objects', {}, 200, 403],
  'GET /api/v1/history': ['/api/v1/history', {}, 200, 403],
  'GET /api/v1/images/scans': ['/api/v1/images/scans', {}, 200, 403],
  'GET /api/v1/events': ['/api/v1/events', {}, 200, 403],
  'GET /api/v1/openapi.json': ['/api/v1/openapi.json', {}, 200, 403],
  'GET /api/v1/gc': ['/api/v1/gc', {}, 200, 403],
  'POST /api/v1/gc/approvals': ['/api/v1/gc/approvals', approval, 202, 403],
};

test('every route has its row in the table of who may call it (S-070)', () => {
  const { routes } = createApiServer({
    daemon: daemonOf(),
    log: silentLogger(),
    metrics: async () => ({ contentType: '', body: '' }),
  });
  const served = routes.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`));
  expect(served.sort()).toEqual(Object.keys(TABLE).sort());
});

test('the listener for webhooks has a probe for anyone, what is signed, and nothing else', async () => {
  await using receiver = await receive([{ source: 'GitHub', key: 'a key' }]);
  expect(receiver.routes).toEqual(['anyone GET /health', 'anyone HEAD /health', 'signed POST /hook/{digest}']);
  for (const [path, { method = 'GET', headers = {}, body = '' }] of Object.values(TABLE))
    expect((await receiver.post(path, { method, headers, body })).status, path).toBe(404);
});

describe.each([
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['10.1.2.3', 'network'],
  ['fe80::1', 'network'],
  ['::ffff:10.1.2.3', 'network'],
  ['', 'network'],
] as const)('a connection to %j is %s', (localAddress, door) => {
  test.each(Object.entries(TABLE))('%s', async (_, [path, sent, loopback, network]) => {
    const daemon = daemonOf();
    await using api = await serve(daemon, { localAddress });
    const { status } = await api.send(path, sent);
    expect(status).toBe(door === 'loopback' ? loopback : network);
    if (status === 403) expect(daemon.calls).toEqual([]);
  });

  test('an unknown path does not tell the network that it is unknown', async () => {
    await using api = await serve(daemonOf(), { localAddress });
    for (const path of ['/', '/api/flux/v6/nope', '/api/v1/nope', '/api/flux/v2/x'])
      expect((await api.get(path)).status === 403, path).toBe(door === 'network');
  });
});

/** Tokens, and what the API server says of them. */
const IDENTITIES: Readonly<Record<string, string | undefined>> = {
  nobody: undefined,
  'an invalid token': 'invalid',
  'a token without the right': 'without',
  'a token with the right': 'with',
};
const review: ReviewAccess = async ({ token }) => {
  if (token === 'with') return { outcome: 'allowed', user: 'ann' };
  return token === 'without' ? { outcome: 'forbidden', user: 'bob' } : { outcome: 'unknown-token' };
};

describe.each(Object.entries(IDENTITIES))('%s', (_, token) => {
  const as = (sent: Sent): Sent =>
    token === undefined ? sent : { ...sent, headers: { ...sent.headers, authorization: `Bearer ${token}` } };

  test.each(Object.entries(TABLE))('%s: through each door', async (_, [path, sent, loopback, network]) => {
    const doors = [
      ['loopback', '127.0.0.1', false, loopback],
      ['loopback by TLS', '127.0.0.1', true, loopback],
      ['network by plain HTTP', '10.1.2.3', false, network],
      ['network by TLS', '10.1.2.3', true, token === 'with' ? loopback : network],
    ] as const;
    for (const [door, localAddress, encrypted, status] of doors) {
      const daemon = daemonOf();
      await using api = await serveByTls(daemon, review, localAddress);
      const answer = await api.send(path, { ...as(sent), ...(encrypted ? { ca: api.ca } : {}) });
      expect(answer.status, door).toBe(status);
      if (status === 403) expect(daemon.calls, door).toEqual([]);
    }
  });
});

test('an own address of this machine that is not loopback is the network, seen on a real socket', async ({ skip }) => {
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (own === undefined) return skip('this machine has no network address');
  const server = createApiServer({ daemon: daemonOf(), log: silentLogger() });
  const { port } = await server.listen({ host: '', port: 0 });
  try {
    expect((await send(port, '/api/flux/v11/ping', { host: own })).status).toBe(403);
    expect((await send(port, '/healthz', { host: own })).status).toBe(200);
    expect((await send(port, '/api/flux/v11/ping')).status).toBe(204);
  } finally {
    await server.close();
  }
});

describe('over loopback', () => {
  const CASES: readonly (readonly [string, Sent['headers'], number])[] = [
    ['a loopback name may call', { host: 'localhost:3030' }, 204],
    ['any port may stand in Host', { host: 'LOCALHOST:1' }, 204],
    ['IPv6 loopback may call', { host: '[::1]:9' }, 204],
    ['another name may not, whoever resolves it here (S-071)', { host: 'evil.example:3030' }, 403],
    ['a name that only begins like ours may not', { host: 'localhost.evil.example' }, 403],
    ['another loopback address may not stand in Host', { host: '127.0.0.2' }, 403],
    ['its own page may call', { host: 'localhost:3030', origin: 'http://localhost:3030' }, 204],
    ['a page of another origin may not (S-072)', { host: 'localhost:3030', origin: 'http://evil.example' }, 403],
    ['a page of another port may not', { host: 'localhost:3030', origin: 'http://localhost:8080' }, 403],
    ['a page without origin may not', { host: 'localhost:3030', origin: 'null' }, 403],
    ['a browser that says cross-site may not', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a browser that says same-site may not', { 'sec-fetch-site': 'same-site' }, 403],
    ['a browser that says same-origin may', { 'sec-fetch-site': 'same-origin' }, 204],
  ];
  test.each(CASES)('%s', async (_, headers, status) => {
    await using api = await serve();
    expect((await api.send('/api/flux/v11/ping', { headers: headers ?? {} })).status).toBe(status);
  });

  test.each([
    ['an empty Host is refused', 'Host: \r\n', 403],
    ['a missing Host is refused', '', 400],
    ['two Hosts are refused', 'Host: localhost\r\nHost: evil.example\r\n', 400],
  ])('%s', async (_, hosts, status) => {
    await using api = await serve();
    const answer = await sendRaw(api.port, `GET /api/flux/v11/ping HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('a probe by pod address needs no loopback Host', async () => {
    await using api = await serve(daemonOf(), { localAddress: '10.1.2.3' });
    expect((await api.get('/readyz', { host: '10.1.2.3:3030' })).status).toBe(200);
  });
});

describe('no spelling of a path opens a door (S-084)', () => {
  const MUTATIONS = [
    '//api/flux/v11/ping',
    '/api//flux/v11/ping',
    '/api/flux/v11/ping/',
    '/api/flux/v11/%70ing',
    '/api/flux/v11/ping;x',
    '/API/flux/v11/ping',
    '/healthz/../api/flux/v11/ping',
    '/healthz/..%2fapi/flux/v11/ping',
    '/api/flux/v6/identity.pub/../services',
    '/api/flux/v11/ping%00',
    '/api/flux/v11/ping#x',
    'http://localhost/api/flux/v11/ping',
    '*',
  ];
  test.each(MUTATIONS)('%s', async (path) => {
    const daemon = daemonOf();
    await using network = await serve(daemon, { localAddress: '10.1.2.3' });
    expect((await network.get(path)).status).toBe(403);
    await using loopback = await serve(daemon);
    expect([400, 404]).toContain((await loopback.get(path)).status);
    expect(daemon.calls).toEqual([]);
  });

  test('a method override in a header is not one', async () => {
    const daemon = daemonOf();
    await using api = await serve(daemon);
    const { status } = await api.get('/api/v1/syncs', { 'x-http-method-override': 'POST', 'content-type': 'application/json' });
    expect(status).toBe(404);
    expect(daemon.calls).toEqual([]);
  });
});

describe('a body that a page could send unasked changes nothing (S-072)', () => {
  const TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx', ''];
  const changing = Object.entries(TABLE).filter(([name]) => !/^(GET|HEAD) /.test(name));
  test.each(changing)('%s', async (_, [path, sent]) => {
    const daemon = daemonOf();
    await using api = await serve(daemon);
    for (const type of TYPES)
      expect((await api.send(path, { ...sent, headers: { 'content-type': type } })).status, type).toBe(415);
    expect(daemon.calls).toEqual([]);
  });

  test('the new API wants the content type said; the old one works without, as Go sends none', async () => {
    await using api = await serve();
    expect((await api.post('/api/v1/syncs', '{}')).status).toBe(415);
    expect((await api.post('/api/flux/v9/git-repo-config', 'false')).status).toBe(200);
    expect((await api.post('/api/v1/syncs', '', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(202);
  });
});

test('the reason for not being ready is told on loopback only', async () => {
  const daemon = () => daemonOf({ readiness: () => ({ ready: false, reason: 'git repo has not been cloned yet' }) });
  await using loopback = await serve(daemon());
  expect(await loopback.get('/readyz')).toMatchObject({ status: 503, body: 'not ready: git repo has not been cloned yet\n' });
  await using network = await serve(daemon(), { localAddress: '10.1.2.3' });
  expect(await network.get('/readyz')).toMatchObject({ status: 503, body: 'not ready\n' });
});

test('one network address gets 64 connections, and loopback stays open', async () => {
  let localAddress = '10.1.2.3';
  const server = createApiServer({ daemon: daemonOf(), log: silentLogger(), localAddressOf: () => localAddress });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const sockets = Array.from({ length: 70 }, () =>
    connect(port, '127.0.0.1').on('error', (error) => expect(error).toBeDefined()),
  );
  const closed: unknown[] = [];
  for (const socket of sockets) socket.on('close', (hadError) => closed.push(hadError));
  try {
    await expect.poll(() => closed.length).toBe(6);
    localAddress = '127.0.0.1';
    expect((await send(port, '/api/flux/v11/ping')).status).toBe(204);
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.close();
  }
});
