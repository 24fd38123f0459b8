import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createListener, type ListenerOptions } from '../../src/api/listener.ts';
import type { Route } from '../../src/api/route.ts';
import { silentLogger } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/until.ts';
import { send } from './daemon-fixture.ts';

/** More than the buffers of two sockets. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');

const answers = (path: string, body: string | Buffer): Route => ({
  methods: ['GET'],
  path,
  access: 'public',
  handle: () => ({ status: 200, body }),
});
const echo: Route = {
  ...answers('/echo', ''),
  methods: ['POST'],
  body: 'raw',
  handle: ({ bytes }) => ({ status: 200, body: `${bytes.length}` }),
};

async function listen(options: Partial<ListenerOptions> = {}) {
  const listener = createListener({
    routes: [answers('/small', 'ok'), answers('/large', LARGE), echo],
    refuse: () => ({ status: 400 }),
    log: silentLogger(),
    localAddressOf: () => '10.1.2.3',
    ...options,
  });
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => listener.close());
  return port;
}

interface Client {
  readonly socket: Socket;
  received(): string;
  closed(): boolean;
}

/** Says this much, and then one byte after the other for as long as anybody listens. */
async function speak(port: number, said: string, { drip = '', everyMs = 10 } = {}): Promise<Client> {
  let [received, closed] = ['', false];
  const socket = connect(port, '127.0.0.1');
  socket
    .on('data', (chunk) => {
      received += chunk;
    })
    .on('error', () => {}) // to be cut off is what is expected
    .on('close', () => {
      closed = true;
    });
  await new Promise((resolve) => socket.once('connect', resolve));
  if (said !== '') socket.write(said);
  const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), everyMs);
  socket.once('close', () => clearInterval(dripping));
  onTestFinished(() => void socket.destroy());
  return { socket, received: () => received, closed: () => closed };
}

describe('S-079: who is slow to say what it wants is sent away', () => {
  const patience = { headersMs: 300, requestMs: 600, idleMs: 100, lookMs: 20 };
  const CLIENTS: readonly (readonly [string, string, string, RegExp])[] = [
    ['says nothing', '', '', /^(HTTP\/1\.1 408 [\s\S]*)?$/],
    ['sends its request line byte by byte', 'GET /', 'a', /^HTTP\/1\.1 408 /],
    ['sends one header after the other', 'GET /small HTTP/1.1\r\nHost: x\r\n', 'a: b\r\n', /^HTTP\/1\.1 408 /],
    ['sends its body byte by byte', 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', 'x', /^HTTP\/1\.1 408 /],
    [
      'sends a body in chunks without end',
      'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\nx\r\n',
      /^HTTP\/1\.1 408 /,
    ],
    ['keeps its connection and asks nothing more', 'GET /small HTTP/1.1\r\nHost: x\r\n\r\n', '', /^HTTP\/1\.1 200 /],
  ];

  test.each(CLIENTS)('%s', async (_, said, drip, answer) => {
    const port = await listen({ patience });
    const client = await speak(port, said, { drip });
    await until('it is sent away', client.closed);
    expect(client.received()).toMatch(answer);
    expect((await send(port, '/small')).status).toBe(200);
  });
});

describe('S-079: who does not take its answer is sent away', () => {
  const ASK = 'GET /large HTTP/1.1\r\nHost: x\r\n\r\n';

  test('after half a minute without taking anything', async () => {
    const clock = new ManualClock();
    const port = await listen({ clock });
    const client = await speak(port, '');
    client.socket.pause();
    client.socket.write(ASK);
    await until('the connection is full', () => clock.sleeping === 1);
    clock.advance(30_000);
    await until('nobody waits for it any more', () => clock.sleeping === 0);
    client.socket.resume();
    await until('it is sent away', client.closed);
    expect(client.received().length).toBeLessThan(LARGE.length);
  });

  test('but not as long as it takes some', async () => {
    const clock = new ManualClock();
    const port = await listen({ clock });
    const client = await speak(port, '');
    client.socket.pause();
    client.socket.write(ASK);
    await until('the connection is full', () => clock.sleeping === 1);
    clock.advance(29_999);
    client.socket.resume();
    await until('it has everything', () => client.received().length > LARGE.length);
    clock.advance(30_000);
    expect(client.received().slice(-10)).toBe('xxxxxxxxxx');
    expect(clock.sleeping).toBe(0);
  });
});

test('S-079: however many connections come from the network and stay, loopback finds room', async () => {
  let from = '10.1.2.3';
  const port = await listen({ maxFromOneAddress: 1000, localAddressOf: () => from });
  const clients = await Promise.all(
    Array.from({ length: 500 }, () => speak(port, 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n')),
  );
  await until('those over the limit are closed', () => clients.filter(({ closed }) => closed()).length === 500 - 384);
  from = '127.0.0.1';
  expect((await send(port, '/small')).status).toBe(200);
  const loopback = await Promise.all(Array.from({ length: 100 }, () => send(port, '/small')));
  expect(loopback.every(({ status }) => status === 200)).toBe(true);
});

describe('S-079: connections that say nothing give way, the oldest first, once the network has all that it may have', () => {
  const many = (port: number, said: string) => Promise.all(Array.from({ length: 400 }, () => speak(port, said)));
  const HALF_OPEN: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['half of their headers', 'GET /small HTTP/1.1\r\nHost: x\r\n'],
    ['half of their body', 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello'],
    ['nothing after their answer', 'GET /small HTTP/1.1\r\nHost: x\r\n\r\n'],
  ];

  test.each(HALF_OPEN)('to one who asks, when they have said %s', async (_, said) => {
    const port = await listen({ maxFromOneAddress: 1000 });
    const clients = await many(port, said);
    await until('the oldest are closed', () => clients.filter(({ closed }) => closed()).length === 400 - 384);
    for (let n = 0; n < 3; n++) expect((await send(port, '/small')).status).toBe(200);
  });

  test('but nobody does who is being answered', async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Route = {
      ...answers('/slow', ''),
      handle: async () => {
        await gate.promise;
        return { status: 200, body: 'at last' };
      },
    };
    const port = await listen({ maxFromOneAddress: 1000, routes: [slow, answers('/small', 'ok')] });
    const first = await speak(port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    const clients = await many(port, '');
    await until('others gave way', () => clients.filter(({ closed }) => closed()).length === 400 - 383);
    gate.resolve();
    await until('it has its answer', () => first.received().endsWith('at last'));
  });

  test('and one address has no more than its share, whoever else is there', async () => {
    const port = await listen({ maxFromOneAddress: 10 });
    const clients = await many(port, '');
    await until('those over its share are closed', () => clients.filter(({ closed }) => closed()).length === 390);
    expect((await send(port, '/small')).status).toBe(200);
  });
});
