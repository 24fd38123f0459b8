import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createApiServer, createMetricsServer } from '../../../src/api/index.ts';
import { silentLogger } from '../../../src/base/index.ts';
import { networkAddress } from '../../support/network-address.ts';
import { sampled } from '../../support/sampled.ts';
import { daemonOf, send, serve, serveByTls } from '../daemon-fixture.ts';
import { reviewByRbac } from '../rbac.ts';
import { ROUTES } from '../routes.ts';
import { receive } from '../webhooks/fixture.ts';

test('every route has its row in the table of who may call it (S-070)', () => {
  const { routes } = createApiServer({
    daemon: daemonOf(),
    log: silentLogger(),
    metrics: async () => ({ contentType: '', body: '' }),
  });
  const served = routes.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`));
  expect(served.sort()).toEqual(Object.keys(ROUTES).sort());
});

test('the listener for metrics serves nothing but metrics', async () => {
  const metrics = createMetricsServer({ metrics: async () => ({ contentType: '', body: '' }), log: silentLogger() });
  expect(metrics.routes.map(({ methods, path, access }) => ({ methods, path, access }))).toEqual([
    { methods: ['GET', 'HEAD'], path: '/metrics', access: 'public' },
  ]);
});

test('the listener for webhooks has a probe for anyone, what is signed, and nothing else', async () => {
  await using receiver = await receive([{ source: 'GitHub', key: 'a key' }]);
  expect(receiver.routes).toEqual(['public GET /health', 'public HEAD /health', 'signed POST /hook/{digest}']);
  for (const [path, { method = 'GET', headers = {}, body = '' }] of Object.values(ROUTES))
    expect((await receiver.post(path, { method, headers, body })).status, path).toBe(404);
});

const SIDES = [
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['10.1.2.3', 'network'],
  ['fe80::1', 'network'],
  ['::ffff:10.1.2.3', 'network'],
  ['', 'network'],
] as const;

describe.each(sampled('own addresses of a connection', SIDES, 2))('a connection to %j is %s', (localAddress, side) => {
  test.each(Object.entries(ROUTES))('%s', async (_, [path, sent, loopback, network]) => {
    const daemon = daemonOf();
    await using api = await serve(daemon, { localAddress });
    const { status } = await api.send(path, sent);
    expect(status).toBe(side === 'loopback' ? loopback : network);
    if (status === 403) expect(daemon.calls).toEqual([]);
  });

  test('an unknown path does not tell the network that it is unknown', async () => {
    await using api = await serve(daemonOf(), { localAddress });
    for (const path of ['/', '/api/flux/v6/nope', '/api/v1/nope', '/api/flux/v2/x'])
      expect((await api.get(path)).status === 403, path).toBe(side === 'network');
  });
});

/** Who calls, and which methods the API server lets them use. */
const IDENTITIES: Readonly<Record<string, { readonly token?: string; readonly may: readonly string[] }>> = {
  nobody: { may: [] },
  'a wrong token': { token: 'wrong', may: [] },
  'an expired token': { token: 'expired', may: [] },
  'a token for another audience': { token: 'elsewhere', may: [] },
  'a token without a right': { token: 'nothing', may: [] },
  'a token with the right to read': { token: 'reader', may: ['GET', 'HEAD'] },
  'a token with the right to change': { token: 'writer', may: ['POST', 'PATCH'] },
  'a token with every right': { token: 'owner', may: ['GET', 'HEAD', 'POST', 'PATCH'] },
};

describe.each(sampled('identities that call the API', Object.entries(IDENTITIES), 2))('%s', (_, { token, may }) => {
  const forms =
    token === undefined ? [{}] : [`Bearer ${token}`, `Scope-Probe token=${token}`].map((authorization) => ({ authorization }));

  test.each(Object.entries(ROUTES))('%s: from each side', async (_, [path, sent, loopback, network]) => {
    const byRight = may.includes(sent.method ?? 'GET') ? loopback : network;
    const sides = [
      ['loopback', '127.0.0.1', false, loopback],
      ['loopback by TLS', '127.0.0.1', true, loopback],
      ['network by plain HTTP', '10.1.2.3', false, network],
      ['network by TLS', '10.1.2.3', true, byRight],
    ] as const;
    let at = '';
    const daemon = daemonOf();
    await using api = await serveByTls(daemon, reviewByRbac, () => at);
    for (const [side, localAddress, encrypted, status] of sides) {
      at = localAddress;
      daemon.calls.length = 0;
      for (const form of forms) {
        const headers = { ...sent.headers, ...form };
        const answer = await api.send(path, { ...sent, headers, ...(encrypted ? { ca: api.ca } : {}) });
        expect(answer.status, side).toBe(status);
      }
      if (status === 403) expect(daemon.calls, side).toEqual([]);
    }
  });
});

test('an own address of this machine that is not loopback is the network, seen on a real socket', async ({ skip }) => {
  if (networkAddress === undefined) return skip('this machine has no network address');
  const server = createApiServer({ daemon: daemonOf(), log: silentLogger() });
  const { port } = await server.listen({ host: '', port: 0 });
  try {
    expect((await send(port, '/api/flux/v11/ping', { host: networkAddress })).status).toBe(403);
    expect((await send(port, '/healthz', { host: networkAddress })).status).toBe(200);
    expect((await send(port, '/api/flux/v11/ping')).status).toBe(204);
  } finally {
    await server.close();
  }
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
