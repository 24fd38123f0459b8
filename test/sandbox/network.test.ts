import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, TLSSocket, type Server as TlsServer } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { type CommandRunner, createNetworkRunner } from '../../src/sandbox/index.ts';
import { type Certificate, certificate } from '../support/certificate.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { SMALL_LIMITS } from './behaviours.ts';
import { HELLO, ImitationHelper } from './imitation-helper.ts';
import { FRAMES, LOSSES, moveUntil, OUTCOME, RUN, serve } from './whole-run.ts';

const NETWORK_HELLO = { ...HELLO, layers: { ...HELLO.layers, network: 'confined' } };

let shared: Certificate;
let foreign: Certificate;
beforeAll(() => {
  shared = certificate();
  foreign = certificate();
});

let identity: string;
let clock: ManualClock;
let runner: CommandRunner;
let server: Server;
let connections: Socket[];

beforeEach(async () => {
  identity = await mkdtemp(join(tmpdir(), 'flux-network-'));
  clock = new ManualClock();
  connections = [];
  await share(shared);
});

afterEach(async () => {
  await runner.close();
  server.close();
  await rm(identity, { recursive: true });
});

/** What fluxd finds in its folder. */
async function share({ cert, key }: Certificate): Promise<void> {
  await writeFile(join(identity, 'tls.crt'), cert);
  await writeFile(join(identity, 'tls.key'), key);
}

/** A helper's side of the connection, with its certificate. */
function tlsServer({ cert, key }: Certificate): Server {
  return createTlsServer({ cert, key, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', noDelay: true });
}

/** Listens, and has fluxd dial. */
async function start(listening: Server = tlsServer(shared)): Promise<void> {
  server = listening;
  const accept = (socket: Socket) => {
    socket.on('error', () => undefined); // fluxd closed it
    connections.push(socket);
  };
  server.on('secureConnection', accept);
  if (!('setSecureContext' in server)) server.on('connection', accept);
  server.on('tlsClientError', () => undefined); // fluxd refused its certificate
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  runner = createNetworkRunner({ host: '127.0.0.1', port, identity, clock, logger: silentLogger(), limits: SMALL_LIMITS });
}

/** The next connection of fluxd, which waits between two. */
async function accepted(): Promise<Socket> {
  for (;;) {
    const socket = connections.shift();
    if (socket) return socket;
    if (clock.sleeping > 0) clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const helper = async (hello: object | 'silent' = NETWORK_HELLO) => ImitationHelper.at(await accepted(), hello);

const reason = () => {
  const layers = runner.layers();
  return layers.kind === 'none' ? layers.reason : layers.kind;
};

describe('the runner for the sandbox with network', () => {
  test('dials the helper, and returns what a run gives back', async () => {
    await start();
    const peer = await helper();
    const outcome = runner.run(RUN);
    expect(await serve(peer)).toBe(FRAMES);
    expect(await outcome).toEqual(OUTCOME);
    expect(runner.layers()).toEqual({ kind: 'container', ...NETWORK_HELLO.layers });
  });

  test('shows the certificate that both have, over TLS 1.3', async () => {
    await start();
    const socket = await accepted();
    if (!(socket instanceof TLSSocket)) throw new Error('no TLS');
    expect(socket.getPeerX509Certificate()?.toString()).toBe(shared.cert);
    expect(socket.getProtocol()).toBe('TLSv1.3');
  });

  test('an aborted signal closes the connection at once, and it dials again', async () => {
    await start();
    const peer = await helper();
    const controller = new AbortController();
    const why = new Error('not needed');
    const outcome = expect(runner.run(RUN, { signal: controller.signal })).rejects.toBe(why);
    await peer.receive();
    controller.abort(why);
    await outcome;
    await peer.closed();
    const next = runner.run(RUN);
    await serve(await helper());
    expect(await next).toEqual(OUTCOME);
  });

  test('renewed files are used by the next connection', async () => {
    await start();
    const peer = await helper();
    await expect.poll(reason).toBe('container');
    await share(foreign);
    (server as TlsServer).setSecureContext(foreign);
    peer.socket.destroy();
    await expect.poll(reason).not.toBe('container');
    const next = runner.run(RUN);
    await serve(await helper());
    expect(await next).toEqual(OUTCOME);
  });

  test('a run waits only so long as the helper has not been away for a while', async () => {
    await start(createServer());
    (await accepted()).destroy();
    const first = expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/unavailable' });
    await moveUntil(clock, first);
    // The clock stands still now.
    await expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/unavailable', help: expect.stringContaining('pod') });
  });

  test.each([
    ['without network', { network: 'none' }, /does not give commands network/],
    ['without Landlock', { landlock: 0 }, /Landlock/],
    ['without seccomp', { seccomp: false }, /seccomp/],
  ])('runs nothing at a helper %s', async (_, lacking, words) => {
    await start();
    await helper({ ...NETWORK_HELLO, layers: { ...NETWORK_HELLO.layers, ...lacking } });
    await expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/unavailable', message: expect.stringMatching(words) });
  });

  test('runs nothing where no NetworkPolicy is in force, and asks again', async () => {
    await start();
    const peer = await helper({ ...NETWORK_HELLO, layers: { ...NETWORK_HELLO.layers, network: 'open' } });
    await peer.closed();
    await expect.poll(reason).toMatch(/no NetworkPolicy keeps its commands from the API server/);
    const next = runner.run(RUN);
    await serve(await helper());
    expect(await next).toEqual(OUTCOME);
  });

  test('closing ends the connection, and what is being dialled', async () => {
    await start(createServer());
    const socket = await accepted();
    await runner.close();
    await once(socket.resume(), 'close');
  });
});

describe('a peer that is not the helper', () => {
  test('with another certificate gets no run', async () => {
    await start(tlsServer(foreign));
    await expect.poll(reason).toMatch(/certificate/);
    expect(connections).toEqual([]);
  });

  test('without TLS gets nothing but a handshake', async () => {
    await start(createServer((socket) => socket.write('{"type":"hello"}'.repeat(100))));
    await accepted();
    await expect.poll(reason).toMatch(/is not connected at 127\.0\.0\.1:\d+; /);
  });

  test('that refuses the certificate of fluxd is said to close the connection', async () => {
    const { cert, key } = shared;
    await start(createTlsServer({ cert, key, ca: foreign.cert, requestCert: true, rejectUnauthorized: true }));
    await expect.poll(reason).toMatch(/the last connection ended: the sandbox closed it before its hello/);
  });
});

/** Ways in which no hello comes about. */
const FAILED_DIALS: Readonly<Record<string, (socket: Socket) => void>> = {
  'is closed': (socket) => void socket.end(),
  'is cut': (socket) => void socket.destroy(),
  'says something else': (socket) => void socket.write(Buffer.alloc(64, 0xff)),
  // Longer than a dial, or an answer, may take.
  'says nothing': () => clock.advance(30_000),
};

describe('a connection that is lost', () => {
  test.each(Object.entries(FAILED_DIALS))('that %s before the handshake is dialled again', async (_, lose) => {
    const plain = createServer();
    await start(plain);
    lose(await accepted());
    const behind = tlsServer(shared);
    behind.on('secureConnection', (socket) => {
      connections.push(socket);
    });
    behind.emit('connection', await accepted());
    const peer = await helper();
    await expect.poll(reason).toBe('container');
    const next = runner.run(RUN);
    await serve(peer);
    expect(await next).toEqual(OUTCOME);
  });

  test.each(Object.entries(FAILED_DIALS))('that %s before hello is dialled again', async (_, lose) => {
    await start();
    lose(await accepted());
    const peer = await helper();
    await expect.poll(reason).toBe('container');
    const next = runner.run(RUN);
    await serve(peer);
    expect(await next).toEqual(OUTCOME);
  });

  test.each(LOSSES)('at frame $at ($way) ends the run, and the next one works', async (loss) => {
    await start();
    const peer = await helper();
    const outcome = expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/lost' });
    await serve(peer, loss);
    await (loss.way === 'silent' ? moveUntil(clock, outcome) : outcome);
    peer.socket.destroy();
    const next = runner.run(RUN);
    await serve(await helper());
    expect(await next).toEqual(OUTCOME);
  });
});
