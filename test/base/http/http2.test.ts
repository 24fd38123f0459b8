import { execFile } from 'node:child_process';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import https from 'node:https';
import { setImmediate as turn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createHttpTransport,
  FluxError,
  type HttpStream,
  type HttpTransport,
  type HttpTransportOptions,
} from '../../../src/base/index.ts';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { failureOf } from './failure-of.ts';
import { type FrameConnection, type FrameServerOptions, startFrameServer } from './frame-server.ts';
import { type Listening, listen } from './listening.ts';

const certificate = selfSignedCertificate(Date.now());
const CANCEL = 8;
const REFUSED_STREAM = 7;
const INTERNAL_ERROR = 2;

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function transport(options: HttpTransportOptions = {}): HttpTransport {
  const made = createHttpTransport({ http2: true, tls: { ca: certificate.cert }, ...options });
  cleanups.push(() => made.close());
  return made;
}

type Serve = (incoming: Http2ServerRequest, outgoing: Http2ServerResponse) => unknown;

/** A proper server of both versions. */
async function serving(serve: Serve, options: { readonly allowHTTP1?: boolean; readonly maxStreams?: number } = {}) {
  const { allowHTTP1 = true, maxStreams } = options;
  const settings = maxStreams === undefined ? {} : { settings: { maxConcurrentStreams: maxStreams } };
  return listening(
    createSecureServer(
      { ...certificate, allowHTTP1, maxSessionMemory: 1_000, ...settings },
      (...exchange) => void serve(...exchange),
    ),
  );
}

async function listening(server: Http2SecureServer | https.Server): Promise<Listening> {
  // Of a connection that has ended in the middle of something.
  server.on('sessionError', () => undefined);
  const made = await listen(server, { scheme: 'https', connected: 'secureConnection' });
  cleanups.push(made.stop);
  return made;
}

async function frames(options: FrameServerOptions) {
  const server = await startFrameServer(certificate, options);
  cleanups.push(() => server.stop());
  return server;
}

async function textOf(stream: HttpStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe('a request by HTTP/2', () => {
  test('has method, path, query, headers and body as asked; the answer is status, headers and bytes', async () => {
    const seen: unknown[] = [];
    const { origin } = await serving(async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      const { httpVersion, method, url, authority, headers } = incoming;
      const { 'content-type': type, 'content-length': length, 'user-agent': agent } = headers;
      seen.push({ httpVersion, method, url, authority, type, length, agent, body: String(Buffer.concat(chunks)) });
      outgoing.writeHead(201, { 'X-Answer': 'a', 'Set-Cookie': ['b', 'c'] }).end(Buffer.from([0, 255, 10]));
    });
    const answer = await transport().request({
      method: 'PATCH',
      url: `${origin}/a%20b?c=d&c=e`,
      headers: { 'Content-Type': 'text/plain', 'User-Agent': 'mine' },
      body: 'grüß',
    });
    const line = { httpVersion: '2.0', method: 'PATCH', url: '/a%20b?c=d&c=e', authority: new URL(origin).host };
    expect(seen).toEqual([{ ...line, type: 'text/plain', length: '6', agent: 'mine', body: 'grüß' }]);
    expect(answer).toMatchObject({ status: 201, headers: { 'x-answer': 'a', 'set-cookie': ['b', 'c'] } });
    expect(answer.headers).not.toHaveProperty(':status');
    expect([...answer.body]).toEqual([0, 255, 10]);
  });

  test('may have no body, an empty one or a long one; so may its answer', async () => {
    const { origin } = await serving((incoming, outgoing) => {
      outgoing.setHeader('x-length', incoming.headers['content-length'] ?? 'none');
      incoming.pipe(outgoing);
    });
    const http = transport();
    const length = async (method: string, body?: string | Buffer) => {
      const answer = await http.request({ method, url: origin, ...(body === undefined ? {} : { body }) });
      return [answer.headers['x-length'], answer.body.length];
    };
    expect(await length('GET')).toEqual(['none', 0]);
    expect(await length('POST', '')).toEqual(['0', 0]);
    expect(await length('POST', Buffer.alloc(5_000_000))).toEqual(['5000000', 5_000_000]);
  });

  test.each([200, 204, 304, 401, 404, 500, 599])('an answer %d is an answer, not an error', async (status) => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.writeHead(status).end());
    expect((await transport().request({ url: origin })).status).toBe(status);
  });

  test('a HEAD whose answer tells the length of a body that does not come ends', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.writeHead(200, { 'content-length': '1000' }).end());
    expect((await transport().request({ method: 'HEAD', url: origin })).body.length).toBe(0);
  });

  test('whose header would break out of its line is refused without showing its value', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.end());
    const failure = await failureOf(transport().request({ url: origin, headers: { authorization: 'Bearer hunter2\r\nx: 1' } }));
    expect(failure.code).toBe('http/connection');
    expect(failure.message).not.toContain('hunter2');
  });

  test('an answer before the body was taken is an answer', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.writeHead(413).end('too large'));
    const answer = await transport().request({ method: 'POST', url: origin, body: Buffer.alloc(3_000_000) });
    expect(answer.status).toBe(413);
  });
});

describe('the version', () => {
  const version: Serve = (incoming, outgoing) => void outgoing.end(incoming.httpVersion);

  test('is HTTP/2 where the server offers it, and HTTP/1.1 where it does not, asked once', async () => {
    const both = await serving(version);
    const old = await listening(https.createServer(certificate, (incoming, outgoing) => void outgoing.end(incoming.httpVersion)));
    const http = transport({ maxSockets: 1 });
    for (const [origin, expected] of [
      [both.origin, '2.0'],
      [old.origin, '1.1'],
    ] as const) {
      for (let n = 0; n < 3; n++) expect(String((await http.request({ url: origin })).body)).toBe(expected);
      expect(await textOf(await http.stream({ url: origin }))).toBe(expected);
    }
    expect(both.connections()).toBe(1);
    expect(old.connections()).toBeLessThanOrEqual(2);
  });

  test.each<[string, HttpTransportOptions, Record<string, unknown>]>([
    ['a transport that was not told to', { http2: false }, {}],
    ['a request with TLS settings of its own', {}, { ca: certificate.cert }],
    ['a transport whose connections an agent makes, as through a proxy', { tls: { agent: agent() } }, {}],
  ])('is HTTP/1.1 for %s', async (_what, options, tls) => {
    const { origin } = await serving(version);
    const request = { url: origin, ...(Object.keys(tls).length > 0 ? { tls } : {}) };
    expect(String((await transport(options).request(request)).body)).toBe('1.1');
  });

  function agent() {
    const made = new https.Agent({ ca: certificate.cert, keepAlive: true });
    cleanups.push(() => made.destroy());
    return made;
  }
});

describe('connections', () => {
  test('one takes many requests side by side', async () => {
    const waiting: Http2ServerResponse[] = [];
    const server = await serving((_incoming, outgoing) => {
      waiting.push(outgoing);
      if (waiting.length === 64) for (const each of waiting) each.end('x');
    });
    const http = transport();
    await Promise.all(Array.from({ length: 64 }, () => http.request({ url: server.origin })));
    expect(server.connections()).toBe(1);
  });

  test.each([
    [1, 1],
    [1, 3],
    [3, 2],
  ])('take no more than the %d streams each that the server allows; of %d connections', async (maxStreams, maxSockets) => {
    const waiting: Http2ServerResponse[] = [];
    let most = 0;
    const server = await serving(
      (_incoming, outgoing) => {
        waiting.push(outgoing);
        most = Math.max(most, waiting.length);
        // Answered together, so that one too many would have been seen.
        if (waiting.length === maxStreams * maxSockets)
          setTimeout(() => waiting.splice(0).forEach((each) => void each.end()), 20);
      },
      { maxStreams },
    );
    const http = transport({ maxSockets });
    await Promise.all(
      Array.from({ length: 4 * maxStreams * maxSockets }, () => http.request({ method: 'POST', url: server.origin, body: 'x' })),
    );
    expect([server.connections(), most]).toEqual([maxSockets, maxStreams * maxSockets]);
  });

  test('a body that nobody reads holds up no other', async () => {
    const { origin } = await serving(
      (incoming, outgoing) => void outgoing.end(Buffer.alloc(incoming.url === '/long' ? 40_000_000 : 10)),
    );
    const http = transport();
    const unread = await Promise.all(Array.from({ length: 20 }, () => http.stream({ url: `${origin}/long` })));
    expect((await http.request({ url: `${origin}/long` })).body.length).toBe(40_000_000);
    for (const stream of unread) stream.destroy();
    expect((await http.request({ url: origin })).body.length).toBe(10);
  });

  test('that idle are let go of after a minute, and a later request opens another', async () => {
    const clock = new ManualClock();
    const server = await serving((_incoming, outgoing) => void outgoing.end('x'));
    const http = transport({ clock });
    await http.request({ url: server.origin });
    for (let n = 0; n < 12; n++) {
      expect(server.open()).toBe(1);
      clock.advance(5_000);
      for (let turns = 0; turns < 5; turns++) await turn();
    }
    await expect.poll(() => server.open()).toBe(0);
    expect((await http.request({ url: server.origin })).status).toBe(200);
    expect(server.connections()).toBe(2);
  });

  test('end when the transport is closed, and what was under way with them', async () => {
    const server = await serving((_incoming, outgoing) => void outgoing.write('x'));
    const http = transport();
    const stream = await http.stream({ url: server.origin });
    const request = failureOf(http.request({ url: server.origin }));
    http.close();
    await expect(textOf(stream)).rejects.toThrow('the transport was closed');
    expect(await request).toMatchObject({ code: 'http/connection' });
    await expect.poll(() => server.open()).toBe(0);
    expect(await failureOf(http.request({ url: server.origin }))).toMatchObject({ code: 'http/connection' });
  });

  test('keep no process alive that has nothing to ask', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.end('x'));
    const source = `
      import { createHttpTransport } from ${JSON.stringify(import.meta.resolve('../../../src/base/index.ts'))};
      const http = createHttpTransport({ http2: true, tls: { rejectUnauthorized: false } });
      console.log((await http.request({ url: ${JSON.stringify(origin)} })).status);`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], { timeout: 15_000 });
    expect((await run).stdout).toBe('200\n');
  });
});

describe('a server that goes away (GOAWAY)', () => {
  test('answers what it has taken; the rest goes to another connection, once each, whatever the method', async () => {
    const server = await frames({
      onStream(connection, stream, index) {
        if (index > 0) {
          connection.answer(stream, { end: true });
          return;
        }
        if (connection.streams.length < 3) return;
        const [first = 0] = connection.streams;
        connection.goAway(first);
        connection.answer(first);
        connection.data(first, 'first', true);
      },
    });
    const http = transport();
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((path) => http.request({ method: 'PATCH', url: `${server.origin}/${path}`, body: 'x' })),
    );
    expect(answers.map(({ status, body }) => [status, String(body)])).toEqual([
      [200, 'first'],
      [200, ''],
      [200, ''],
    ]);
    expect(server.streams).toEqual(['0:1', '0:3', '0:5', '1:1', '1:3']);
    await expect.poll(() => server.connections[0]?.socket.destroyed).toBe(true);
  });

  test('because of an error: what it may have looked at is not sent twice, unless it only reads', async () => {
    const server = await frames({
      onStream(connection, stream, index) {
        if (index > 0 || stream === 1) connection.answer(stream, { end: true });
        else if (stream === 7) connection.goAway(5, INTERNAL_ERROR);
      },
    });
    const http = transport();
    await http.request({ url: server.origin });
    const [write, read, untouched] = await Promise.allSettled(
      ['PATCH', 'GET', 'POST'].map((method) => http.request({ method, url: server.origin })),
    );
    expect(write).toMatchObject({ status: 'rejected', reason: { code: 'http/connection' } });
    expect([read, untouched]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(server.streams).toEqual(['0:1', '0:3', '0:5', '0:7', '1:1', '1:3']);
  });

  test('while a watch is open: the watch goes on, and new requests do not join it', async () => {
    const server = await frames({
      onStream: (connection, stream, index) => connection.answer(stream, { end: index + stream > 1 }),
    });
    const http = transport();
    const watch = await http.stream({ url: server.origin });
    const [first] = server.connections;
    first?.goAway(1);
    await expect.poll(async () => (await http.request({ url: server.origin })).status).toBe(200);
    await expect.poll(() => server.connections.length).toBe(2);
    first?.data(1, 'still here', true);
    expect(await textOf(watch)).toBe('still here');
  });
});

describe('a stream that the server ends', () => {
  test.each(['GET', 'PATCH'])('refused, a %s goes out again, but not for ever', async (method) => {
    let refusals = 2;
    const server = await frames({
      onStream(connection, stream) {
        if (refusals-- > 0) connection.reset(stream, REFUSED_STREAM);
        else connection.answer(stream, { end: true });
      },
    });
    const http = transport();
    expect((await http.request({ method, url: server.origin })).status).toBe(200);
    expect(server.streams).toEqual(['0:1', '0:3', '0:5']);
    refusals = Number.POSITIVE_INFINITY;
    expect(await failureOf(http.request({ method, url: server.origin }))).toMatchObject({ code: 'http/connection' });
    expect(server.streams).toHaveLength(6);
  });

  test.each([
    ['INTERNAL_ERROR', INTERNAL_ERROR],
    ['CANCEL', CANCEL],
    ['no error', 0],
  ])('by %s before the answer is an error, and not sent twice', async (_what, code) => {
    const server = await frames({ onStream: (connection, stream) => connection.reset(stream, code) });
    expect(await failureOf(transport().request({ url: server.origin }))).toMatchObject({ code: 'http/connection' });
    expect(server.streams).toHaveLength(1);
  });

  test.each([
    ['INTERNAL_ERROR', INTERNAL_ERROR, undefined],
    ['REFUSED_STREAM', REFUSED_STREAM, undefined],
    ['CANCEL', CANCEL, undefined],
    ['no error, short of its length', 0, 100],
  ])('by %s in the middle of a body is an error, not half an answer; others go on', async (_what, code, length) => {
    const server = await frames({
      onStream(connection, stream) {
        connection.answer(stream, length === undefined ? {} : { length });
        connection.data(stream, 'half', stream > 1);
        if (stream === 1) connection.reset(stream, code);
      },
    });
    const http = transport();
    const [request] = await Promise.allSettled([http.request({ url: server.origin })]);
    expect(request).toMatchObject({ status: 'rejected', reason: { code: 'http/connection' } });
    if (length === undefined) expect(String((await http.request({ url: server.origin })).body)).toBe('half');
    expect(server.connections).toHaveLength(1);
  });

  test('in the middle, while it is iterated over, ends the iteration with an error', async () => {
    const server = await frames({
      onStream(connection, stream) {
        connection.answer(stream);
        connection.data(stream, 'half');
        connection.reset(stream, CANCEL);
      },
    });
    await expect(textOf(await transport().stream({ url: server.origin }))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a connection that breaks (R-005, R-006)', () => {
  const breaks: readonly [string, (connection: FrameConnection) => void][] = [
    ['ended', ({ socket }) => socket.end()],
    ['dropped', ({ socket }) => socket.destroy()],
    ['reset', ({ raw }) => raw.resetAndDestroy()],
    ['full of nonsense', ({ socket }) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ];

  test.each(breaks)('%s in the middle of a body is an error, for a request and for a stream', async (_what, destroy) => {
    const server = await frames({
      onStream(connection, stream, index) {
        connection.answer(stream);
        connection.data(stream, 'half');
        // A reset may overtake the answer, and then the request comes again by another connection.
        if (stream === 3 || index > 0) destroy(connection);
      },
    });
    const http = transport();
    const stream = await http.stream({ url: server.origin });
    const read = expect(textOf(stream)).rejects.toThrow();
    expect(await failureOf(http.request({ url: server.origin }))).toMatchObject({ code: 'http/connection' });
    await read;
  });

  test.each(breaks)('%s before an answer: only what reads goes out again', async (_what, destroy) => {
    const server = await frames({
      onStream(connection, stream, index) {
        if (index > 0 || stream === 1) connection.answer(stream, { end: true });
        else if (stream === 5) destroy(connection);
      },
    });
    const http = transport();
    await http.request({ url: server.origin });
    const [write, read] = await Promise.allSettled(
      ['PATCH', 'GET'].map((method) => http.request({ method, url: server.origin })),
    );
    expect(write).toMatchObject({ status: 'rejected', reason: { code: 'http/connection' } });
    expect(read).toMatchObject({ status: 'fulfilled' });
    expect(server.streams).toEqual(['0:1', '0:3', '0:5', '1:1']);
  });

  test('that answers no ping is dead within 20 s: what waits on it is told, and the next request takes another', async () => {
    const clock = new ManualClock();
    const server = await frames({
      mute: true,
      onStream(connection, stream, index) {
        if (index > 0) connection.answer(stream, { end: true });
      },
    });
    const http = transport({ clock });
    let over = false;
    const failure = failureOf(http.request({ url: server.origin })).finally(() => {
      over = true;
    });
    await expect.poll(() => server.streams.length).toBe(1);
    let passed = 0;
    while (!over && passed < 60_000) {
      clock.advance(5_000);
      passed += 5_000;
      for (let turns = 0; turns < 5; turns++) await turn();
    }
    expect(await failure).toMatchObject({ code: 'http/connection', cause: { message: 'the server has not answered a ping' } });
    expect(passed).toBeLessThanOrEqual(20_000);
    expect(server.connections[0]?.pings).toBeGreaterThan(0);
    expect((await http.request({ url: server.origin })).status).toBe(200);
    expect(server.connections).toHaveLength(2);
  });

  test('is kept while pings are answered, though nothing else comes', async () => {
    const clock = new ManualClock();
    const server = await frames({ onStream: (connection, stream) => connection.answer(stream) });
    const stream = await transport({ clock }).stream({ url: server.origin });
    const [connection] = server.connections;
    for (let n = 1; n <= 20; n++) {
      clock.advance(5_000);
      // Each answer is seen before the next look.
      const before = connection?.pings ?? 0;
      if (n % 2 === 0) await expect.poll(() => connection?.pings).toBeGreaterThanOrEqual(before);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(connection?.pings).toBeGreaterThan(5);
    connection?.data(1, 'alive', true);
    expect(await textOf(stream)).toBe('alive');
  });

  test.each([['a server that says nothing after the handshake', { silent: true }]])(
    '%s is given up, and it is an error of connecting',
    async (_what, options) => {
      const clock = new ManualClock();
      const server = await frames({ ...options, onStream: () => undefined });
      const failure = failureOf(transport({ clock }).request({ url: server.origin }));
      await expect.poll(() => server.connections.length).toBe(1);
      for (let turns = 0; turns < 20; turns++) await turn();
      clock.advance(15_000);
      expect(await failure).toMatchObject({ code: 'http/connection', cause: { code: 'ETIMEDOUT', syscall: 'connect' } });
    },
  );
});

describe('a request that is given up', () => {
  test.each([
    ['before the answer', false],
    ['in the middle of the body', true],
  ])('%s is cancelled at the server; the others on its connection go on', async (_when, answered) => {
    const server = await frames({
      onStream(connection, stream) {
        if (!answered && stream === 1) return;
        connection.answer(stream);
        connection.data(stream, 'x', stream > 1);
      },
    });
    const http = transport();
    const stop = new AbortController();
    const failure = failureOf(http.request({ url: server.origin, signal: stop.signal }));
    await expect.poll(() => server.streams.length).toBe(1);
    for (let turns = 0; turns < 20; turns++) await turn();
    stop.abort();
    expect(await failure).toMatchObject({ code: 'http/connection' });
    await expect.poll(() => server.connections[0]?.resets.get(1)).toBe(CANCEL);
    expect((await http.request({ url: server.origin })).status).toBe(200);
    expect(server.connections).toHaveLength(1);
  });

  test.each([
    ['no answer', false],
    ['no end of the body', true],
  ])('after its deadline, for %s, leaves its connection to the others; the next one takes another', async (_what, answered) => {
    const server = await frames({
      onStream(connection, stream, index) {
        if (answered || index > 0 || stream === 1) connection.answer(stream, { end: index > 0 });
      },
    });
    const http = transport();
    const watch = await http.stream({ url: server.origin });
    expect(await failureOf(http.request({ url: server.origin, timeoutMs: 30 }))).toMatchObject({ code: 'http/timeout' });
    expect((await http.request({ url: server.origin })).status).toBe(200);
    expect(server.streams).toEqual(['0:1', '0:3', '1:1']);
    server.connections[0]?.data(1, 'still here', true);
    expect(await textOf(watch)).toBe('still here');
  });

  test('while it waits for a connection is never sent', async () => {
    const server = await frames({ maxStreams: 1, onStream: () => undefined });
    const http = transport({ maxSockets: 1 });
    const first = failureOf(http.request({ url: server.origin }));
    await expect.poll(() => server.streams.length).toBe(1);
    expect(await failureOf(http.request({ url: server.origin, signal: AbortSignal.timeout(20) }))).toBeDefined();
    expect(await failureOf(http.request({ url: server.origin, timeoutMs: 20 }))).toMatchObject({ code: 'http/timeout' });
    expect(server.streams).toEqual(['0:1']);
    http.close();
    await first;
  });

  test('a body that is too large is cancelled as soon as it is', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.end(Buffer.alloc(50_000_000)));
    const http = transport();
    expect(await failureOf(http.request({ url: origin, maxBytes: 100_000 }))).toMatchObject({ code: 'http/too-large' });
    expect(await failureOf(http.request({ url: origin, maxBytes: 100_000 }))).toMatchObject({ code: 'http/too-large' });
  });

  test('a stream that is aborted or destroyed ends at the server too', async () => {
    const server = await frames({ onStream: (connection, stream) => connection.answer(stream) });
    const http = transport();
    const stop = new AbortController();
    const read = expect(textOf(await http.stream({ url: server.origin, signal: stop.signal }))).rejects.toThrow('aborted');
    (await http.stream({ url: server.origin })).destroy();
    stop.abort();
    await read;
    await expect.poll(() => [...(server.connections[0]?.resets.keys() ?? [])].sort()).toEqual([1, 3]);
  });
});

describe('what is asked before a request is sent', () => {
  test('is asked when there is room on a connection, however long that took; a no is the error, and nothing is sent', async () => {
    const answer = Promise.withResolvers<void>();
    const seen: string[] = [];
    const { origin } = await serving(
      async (incoming, outgoing) => {
        seen.push(incoming.url);
        await answer.promise;
        outgoing.end();
      },
      { maxStreams: 1 },
    );
    const http = transport({ maxSockets: 1 });
    let isShut = false;
    const beforeSend = () => {
      if (isShut) throw new FluxError('not now', { code: 'test/shut' });
    };
    const post = (path: string) => http.request({ method: 'POST', url: `${origin}/${path}`, body: 'x', beforeSend });
    const first = post('first');
    await expect.poll(() => seen.length).toBe(1);
    const refused = expect(post('second')).rejects.toMatchObject({ code: 'test/shut' });
    isShut = true;
    answer.resolve();
    await Promise.all([first, refused]);
    isShut = false;
    await post('third');
    expect(seen).toEqual(['/first', '/third']);
  });

  test('is asked again when the server refused the request', async () => {
    const server = await frames({ onStream: (connection, stream) => connection.reset(stream, REFUSED_STREAM) });
    let asked = 0;
    const beforeSend = () => {
      if (++asked > 1) throw new FluxError('not now', { code: 'test/shut' });
    };
    await expect(transport().request({ method: 'PATCH', url: server.origin, beforeSend })).rejects.toMatchObject({
      code: 'test/shut',
    });
    expect(server.streams).toHaveLength(1);
  });
});

describe('TLS', () => {
  test('the certificate is checked, by the name asked for', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.end('x'));
    const other = selfSignedCertificate(Date.now());
    expect(await failureOf(transport({ tls: { ca: other.cert } }).request({ url: origin }))).toMatchObject({
      code: 'http/connection',
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    const strict = transport({ tls: { ca: certificate.cert, servername: 'other.invalid' } });
    expect(await failureOf(strict.request({ url: origin }))).toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
    const named = transport({ tls: { ca: certificate.cert, servername: 'localhost' } });
    expect((await named.request({ url: origin })).status).toBe(200);
    expect((await transport({ tls: { rejectUnauthorized: false } }).request({ url: origin })).status).toBe(200);
  });

  test('a certificate of ours is shown; one that cannot be read is an error of the request', async () => {
    const server = createSecureServer({ ...certificate, requestCert: true, rejectUnauthorized: false }, (incoming, outgoing) => {
      const { socket } = incoming.stream.session ?? {};
      outgoing.end((socket as TLSSocket | undefined)?.getPeerX509Certificate()?.toString() ?? '');
    });
    const { origin } = await listening(server);
    const ours = selfSignedCertificate(Date.now());
    const http = transport({ tls: { ca: certificate.cert, ...ours } });
    expect(String((await http.request({ url: origin })).body)).toBe(ours.cert);
    expect(await failureOf(transport({ tls: { cert: 'none', key: 'none' } }).request({ url: origin }))).toMatchObject({
      code: 'http/connection',
      cause: { code: expect.stringContaining('ERR_OSSL') },
    });
  });

  test('nobody there is an error of connecting, for all who wait', async () => {
    const http = transport();
    for (const failure of await Promise.all([1, 2].map(() => failureOf(http.request({ url: 'https://127.0.0.1:1/' })))))
      expect(failure).toMatchObject({ cause: { code: 'ECONNREFUSED', syscall: 'connect' } });
  });
});
