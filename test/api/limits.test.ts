import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { createApiServer, createMetricsServer } from '../../src/api/index.ts';
import { silentLogger } from '../../src/base/index.ts';
import { daemonOf, send, sendRaw, serve } from './daemon-fixture.ts';

const UPDATE = '/api/flux/v9/update-manifests';

test('a body over 1 MiB is refused, announced or not, and before it is read whole', async () => {
  await using api = await serve();
  const announced = await sendRaw(api.port, `POST ${UPDATE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n`);
  expect(announced).toMatch(/^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n/i);
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`.repeat(17);
  const endless = await sendRaw(
    api.port,
    `POST ${UPDATE} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
  );
  expect(endless).toMatch(/^HTTP\/1\.1 413 /);
  expect(api.calls).toEqual([]);
});

test('a body of exactly 1 MiB is read', async () => {
  await using api = await serve();
  const body = '{"type":"sync","spec":{}}'.padEnd(1024 * 1024);
  expect((await api.post(UPDATE, body)).status).toBe(200);
});

test('S-079: a body that nobody asked for ends the connection instead of being drained', async () => {
  await using api = await serve();
  const answer = await sendRaw(api.port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx');
  expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/i);
});

test('S-079: headers over 16 KiB are refused', async () => {
  await using api = await serve();
  const answer = await sendRaw(api.port, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
});

test('a client that leaves in the middle of its body harms nobody', async () => {
  await using api = await serve();
  await new Promise<void>((resolve) => {
    const socket = connect(api.port, '127.0.0.1', () => {
      const half = `POST ${UPDATE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{`;
      socket.write(half, () => socket.resetAndDestroy());
    });
    socket.on('close', () => resolve());
  });
  expect((await api.get('/healthz')).status).toBe(200);
  expect(api.calls).toEqual([]);
});

test('metrics are on the API listener, unless they have their own', async () => {
  await using api = await serve();
  expect(await api.get('/metrics')).toMatchObject({ status: 200, body: 'up 1\n' });
  const without = createApiServer({ daemon: daemonOf(), log: silentLogger() });
  const metrics = createMetricsServer({
    metrics: async () => ({ contentType: 'text/plain', body: 'up 1\n' }),
    log: silentLogger(),
  });
  const [one, two] = await Promise.all([without, metrics].map((server) => server.listen({ host: '127.0.0.1', port: 0 })));
  try {
    expect((await send(one?.port ?? 0, '/metrics')).status).toBe(404);
    expect((await send(two?.port ?? 0, '/metrics')).body).toBe('up 1\n');
    expect((await send(two?.port ?? 0, '/api/flux/v11/ping')).status).toBe(404);
  } finally {
    await Promise.all([without.close(), metrics.close()]);
  }
});

test('an address in use is said with what to do', async () => {
  await using api = await serve();
  const second = createApiServer({ daemon: daemonOf(), log: silentLogger() });
  await expect(second.listen({ host: '127.0.0.1', port: api.port })).rejects.toMatchObject({
    code: 'api/listen-failed',
    help: expect.stringContaining('--listen'),
  });
  await second.close();
});

test('S-079: what asks for another protocol, or for leave to go on, is a request like any other', async () => {
  await using api = await serve();
  const ask = (line: string, ...headers: readonly string[]) => sendRaw(api.port, [line, ...headers, '', ''].join('\r\n'));
  const upgrade = ['Connection: Upgrade, close', 'Upgrade: websocket', 'Sec-WebSocket-Key: AA==', 'Sec-WebSocket-Version: 13'];
  expect(await ask('GET /api/flux/v11/ping HTTP/1.1', 'Host: evil.example', ...upgrade)).toMatch(/^HTTP\/1\.1 403 /);
  expect(await ask('GET /api/flux/v11/ping HTTP/1.1', 'Host: localhost', ...upgrade)).toMatch(/^HTTP\/1\.1 204 /);
  expect(await ask('CONNECT localhost:1 HTTP/1.1', 'Host: localhost')).toBe('');
  expect(await ask('TRACE /api/flux/v11/ping HTTP/1.1', 'Host: localhost', 'Connection: close')).toMatch(/^HTTP\/1\.1 404 /);
  const large = ['Host: localhost', 'Expect: 100-continue', 'Content-Length: 1073741824'];
  expect(await ask(`POST ${UPDATE} HTTP/1.1`, ...large)).toMatch(/^HTTP\/1\.1 413 /);
  expect(api.calls).toEqual([]);
});

test.each([
  ['a foreign name', [`POST ${UPDATE} HTTP/1.1`, 'Host: evil.example'], 403],
  ['a type that is not accepted', [`POST ${UPDATE} HTTP/1.1`, 'Host: localhost', 'Content-Type: text/plain'], 415],
  ['a path that is not served', ['POST /nothing HTTP/1.1', 'Host: localhost'], 404],
])('S-079: %s is refused before the client is told to send its body', async (_, head, status) => {
  await using api = await serve();
  const lines = [...head, 'Expect: 100-continue', 'Content-Length: 2', '', ''];
  expect(await sendRaw(api.port, lines.join('\r\n'))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test('a client that asks before it sends its body is told to go on when it will be read', async () => {
  await using api = await serve();
  const lines = [`POST ${UPDATE} HTTP/1.1`, 'Host: localhost', 'Connection: close', 'Expect: 100-continue', 'Content-Length: 2'];
  expect(await sendRaw(api.port, [...lines, '', '{}'].join('\r\n'))).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /);
});
