import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createListener, type ListenerOptions } from '../../src/api/listener.ts';
import type { Route } from '../../src/api/route.ts';
import { createLogger, silentLogger } from '../../src/base/index.ts';
import { send } from './daemon-fixture.ts';

const echo: Route = {
  methods: ['POST'],
  path: '/echo/{name}',
  door: 'signed',
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

test('bodies that are held together have a limit, and what was refused or answered frees its share (S-076)', async () => {
  await using server = await listen({ maxHeldBytes: 1000 });
  const half = 'POST /echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n';
  const slow = connect(server.port, '127.0.0.1', () => slow.write(half + 'x'.repeat(800)));
  const post = (size: number) => send(server.port, '/echo/x', { method: 'POST', body: 'y'.repeat(size) });
  await expect.poll(async () => (await post(300)).status).toBe(503);
  expect((await post(100)).status).toBe(200);
  slow.destroy();
  await expect.poll(async () => (await post(900)).status).toBe(200);
  for (let n = 0; n < 5; n++) expect((await post(1000)).status).toBe(200);
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
