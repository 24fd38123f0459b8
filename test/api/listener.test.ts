import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createListener, type ListenerOptions } from '../../src/api/listener.ts';
import type { Route } from '../../src/api/route.ts';
import { createLogger, silentLogger } from '../../src/base/index.ts';
import { send } from './daemon-fixture.ts';

const echo: Route = {
  methods: ['POST'],
  path: '/echo/{name}',
  access: 'signed',
  body: 'raw',
  maxBodyBytes: 1000,
  handle: ({ bytes, body }) => ({ status: 200, body: `${Buffer.from(bytes).toString('hex')} ${body}` }),
};

async function listen(options: Partial<ListenerOptions> = {}) {
  const listener = createListener({
    routes: [echo],
    refuse: (thrown) => ({ status: (thrown as { code?: string } | undefined)?.code === 'api/busy' ? 503 : 400 }),
    log: silentLogger(),
    ...options,
  });
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  return { port, [Symbol.asyncDispose]: () => listener.close() };
}

test('a raw body comes byte for byte, of whatever type, from any address and under any name', async () => {
  for (const address of ['127.0.0.1', '10.1.2.3']) {
    await using server = await listen({ localAddressOf: () => address });
    const headers = { host: 'hooks.example.org', 'content-type': 'text/plain', origin: 'http://elsewhere' };
    const body = Buffer.from([0xff, 0x00, 0x0a]).toString('latin1');
    const answer = await send(server.port, '/echo/x', { method: 'POST', headers, body });
    expect(answer).toMatchObject({ status: 200, body: 'c3bf000a ' }); // as UTF-8, which the test sends
  }
});

describe('S-076: bodies that are held together have a limit', () => {
  const half = 'POST /echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n';
  const begin = (port: number, sent: number) =>
    new Promise<{ readonly socket: Socket; readonly answer: () => string }>((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(half + 'x'.repeat(sent), () => resolve({ socket, answer: () => answer })),
      );
      socket.on('data', (chunk) => (answer += chunk)).on('error', () => {}); // to be cut off is what is expected
    });
  const post = (port: number, size: number) => send(port, '/echo/x', { method: 'POST', body: 'y'.repeat(size) });

  test('the one that has been on its way for longest gives way, so that slow ones keep nobody out', async () => {
    await using server = await listen({ maxHeldBytes: 2000 });
    const slow: Awaited<ReturnType<typeof begin>>[] = [];
    for (let n = 0; n < 7; n++) slow.push(await begin(server.port, 800));
    expect((await post(server.port, 1000)).status).toBe(200);
    await expect.poll(() => slow.filter(({ answer }) => /^HTTP\/1\.1 503 /.test(answer())).length).toBeGreaterThanOrEqual(5);
    for (let n = 0; n < 20; n++) expect((await post(server.port, 1000)).status).toBe(200);
    for (const { socket } of slow) socket.destroy();
  });

  test('what is larger than the limit is refused; what was refused, answered or left frees its share', async () => {
    await using server = await listen({ maxHeldBytes: 950 });
    expect((await post(server.port, 951)).status).toBe(503);
    for (let n = 0; n < 5; n++) {
      (await begin(server.port, 800)).socket.destroy();
      expect((await post(server.port, 950)).status).toBe(200);
    }
  });
});

test('how a path is shown in the log is for the owner of the routes to say', async () => {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = await createLogger({ format: 'json', level: 'debug', destination });
  await using server = await listen({ log, shownPath: () => '/echo/…' });
  await send(server.port, '/echo/secret', { method: 'POST', body: 'x' });
  await send(server.port, '/other/secret');
  expect(lines.join('')).toContain('"path":"/echo/…"');
  expect(lines.join('')).not.toContain('secret');
});
