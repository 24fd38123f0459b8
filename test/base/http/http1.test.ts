import { getEventListeners, once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createHttpTransport,
  FluxError,
  type HttpStream,
  type HttpTransport,
  type HttpTransportOptions,
} from '../../../src/base/index.ts';
import { certificate, hasOpenssl } from '../../support/certificate.ts';
import { havePart } from '../../support/part.ts';
import { failureOf } from './failure-of.ts';
import { type Listening, listen } from './listening.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function transport(options?: HttpTransportOptions): HttpTransport {
  const made = createHttpTransport(options);
  cleanups.push(() => made.close());
  return made;
}

async function listening(server: net.Server, scheme = 'http'): Promise<Listening> {
  const made = await listen(server, { scheme, connected: 'connection' });
  cleanups.push(made.stop);
  return made;
}

async function chunksOf(stream: HttpStream): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const serving = (answer: http.RequestListener) => listening(http.createServer(answer));

/** A server that answers each request with these bytes, whatever they are, and may then end the connection. */
const raw = (bytes: string | Buffer, { end = false } = {}) =>
  listening(
    net.createServer((socket) => {
      socket.on('data', () => {
        socket.write(bytes);
        if (end) socket.end();
      });
    }),
  );

describe('a request', () => {
  test('has method, path, query, headers and body as asked; the answer is status, headers and bytes', async () => {
    const seen: unknown[] = [];
    const { origin } = await serving((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { method, url, headers } = incoming;
        seen.push({
          method,
          url,
          type: headers['content-type'],
          length: headers['content-length'],
          body: String(Buffer.concat(chunks)),
        });
        outgoing.writeHead(201, { 'X-Answer': 'a', 'Set-Cookie': ['b', 'c'] }).end(Buffer.from([0, 255, 10]));
      });
    });
    const answer = await transport().request({
      method: 'PATCH',
      url: `${origin}/a%20b?c=d&c=e`,
      headers: { 'content-type': 'text/plain' },
      body: 'grüß',
    });
    expect(seen).toEqual([{ method: 'PATCH', url: '/a%20b?c=d&c=e', type: 'text/plain', length: '6', body: 'grüß' }]);
    expect(answer).toMatchObject({ status: 201, headers: { 'x-answer': 'a', 'set-cookie': ['b', 'c'] } });
    expect([...answer.body]).toEqual([0, 255, 10]);
  });

  test('is a GET without a body unless said otherwise, and takes a URL object', async () => {
    const { origin } = await serving((incoming, outgoing) => {
      outgoing.end(JSON.stringify([incoming.method, incoming.headers['content-length'], incoming.headers['transfer-encoding']]));
    });
    const { body } = await transport().request({ url: new URL(origin) });
    expect(String(body)).toBe('["GET",null,null]');
  });

  test('sends bytes as they are, and a body that is empty', async () => {
    const { origin } = await serving((incoming, outgoing) => {
      outgoing.setHeader('x-length', incoming.headers['content-length'] ?? 'none');
      incoming.pipe(outgoing);
    });
    const http = transport();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect((await http.request({ method: 'POST', url: origin, body: bytes })).body).toEqual(bytes);
    const empty = await http.request({ method: 'POST', url: origin, body: '' });
    expect([empty.headers['x-length'], empty.body.length]).toEqual(['0', 0]);
  });

  test.each<[string, HttpTransportOptions, Record<string, string>, string]>([
    ['is flux-gitops', {}, {}, 'flux-gitops'],
    ['is what the transport was made with', { userAgent: 'fluxd/1.2' }, {}, 'fluxd/1.2'],
    ['gives way to a header, however it is written', {}, { 'User-Agent': 'mine' }, 'mine'],
  ])('its user agent %s', async (_what, options, headers, expected) => {
    const { origin } = await serving((incoming, outgoing) => void outgoing.end(incoming.headers['user-agent']));
    expect(String((await transport(options).request({ url: origin, headers })).body)).toBe(expected);
  });

  test.each([200, 204, 304, 401, 404, 500, 599])('an answer %d is an answer, not an error', async (status) => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.writeHead(status).end());
    expect((await transport().request({ url: origin })).status).toBe(status);
  });

  test('redirects are handed over, never followed', async () => {
    const paths: (string | undefined)[] = [];
    const { origin } = await serving((incoming, outgoing) => {
      paths.push(incoming.url);
      outgoing.writeHead(307, { location: '/elsewhere' }).end();
    });
    const answer = await transport().request({ url: `${origin}/here`, headers: { authorization: 'Bearer x' } });
    expect([answer.status, answer.headers.location, paths]).toEqual([307, '/elsewhere', ['/here']]);
  });

  test('a HEAD whose answer tells the length of a body that does not come ends', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.writeHead(200, { 'content-length': '1000' }).end());
    const answer = await transport().request({ method: 'HEAD', url: origin });
    expect([answer.headers['content-length'], answer.body.length]).toEqual(['1000', 0]);
  });
});

describe('connections', () => {
  test('are kept and used again', async () => {
    const server = await serving((_incoming, outgoing) => void outgoing.end('x'));
    const http = transport();
    for (let count = 0; count < 5; count += 1) await http.request({ url: server.origin });
    expect(server.connections()).toBe(1);
  });

  test('are at most as many to one host as allowed', async () => {
    const waiting: http.ServerResponse[] = [];
    let most = 0;
    const server = await serving((_incoming, outgoing) => {
      waiting.push(outgoing);
      most = Math.max(most, waiting.length);
      // Answered together, so that a fourth would have been seen.
      if (waiting.length === 3) setImmediate(() => waiting.splice(0).forEach((each) => void each.end()));
    });
    const http = transport({ maxSockets: 3 });
    await Promise.all(Array.from({ length: 21 }, () => http.request({ url: server.origin })));
    expect([server.connections(), most]).toEqual([3, 3]);
  });

  test('that idle end when the transport is closed', async () => {
    const server = await serving((_incoming, outgoing) => void outgoing.end('x'));
    const http = transport();
    await http.request({ url: server.origin });
    expect(server.open()).toBe(1);
    http.close();
    await expect.poll(() => server.open()).toBe(0);
  });

  // A server may close an idle connection at the very moment at which it is used again (RFC 9112, section 9.5).
  const closingOnReuse = () => {
    let requests = 0;
    return listening(
      net.createServer((socket) => {
        let first = true;
        socket.on('data', () => {
          requests += 1;
          if (!first) return socket.destroy();
          first = false;
          const body = String(requests);
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        });
      }),
    );
  };

  test.each(['GET', 'HEAD'])('a %s that meets a kept connection on its end goes out again on a new one', async (method) => {
    const server = await closingOnReuse();
    const http = transport();
    await http.request({ url: server.origin });
    await turn();
    expect((await http.request({ method, url: server.origin })).status).toBe(200);
    expect(server.connections()).toBe(2);
  });

  test.each(['POST', 'PATCH', 'PUT', 'DELETE'])('a %s is not sent twice', async (method) => {
    const server = await closingOnReuse();
    const http = transport();
    await http.request({ url: server.origin });
    await turn();
    expect(await failureOf(http.request({ method, url: server.origin, body: 'x' }))).toMatchObject({ code: 'http/connection' });
    expect(server.connections()).toBe(1);
  });

  test('a new connection that ends without an answer is an error at once', async () => {
    const server = await listening(net.createServer((socket) => void socket.on('data', () => socket.destroy())));
    expect(await failureOf(transport().request({ url: server.origin }))).toMatchObject({ code: 'http/connection' });
    expect(server.connections()).toBe(1);
  });
});

describe('what is asked before a request is sent', () => {
  const open = () => undefined;
  const shut = () => {
    throw new FluxError('not now', { code: 'test/shut' });
  };

  test('is asked when there is a connection, new or kept; a no is the error, and nothing is sent', async () => {
    const seen: string[] = [];
    const { origin } = await serving((incoming, outgoing) => {
      seen.push(incoming.url ?? '');
      incoming.pipe(outgoing);
    });
    const http = transport({ maxSockets: 1 });
    const post = (path: string, beforeSend: () => void) =>
      http.request({ method: 'POST', url: `${origin}/${path}`, body: path, beforeSend });
    await expect(post('a', shut)).rejects.toMatchObject({ code: 'test/shut' });
    expect(String((await post('b', open)).body)).toBe('b');
    await expect(post('c', shut)).rejects.toMatchObject({ code: 'test/shut' });
    expect(String((await post('d', open)).body)).toBe('d');
    expect(seen).toEqual(['/b', '/d']);
  });

  test('is asked only when its turn comes, however long it waited for a connection', async () => {
    const answer = Promise.withResolvers<void>();
    const seen: string[] = [];
    const { origin } = await serving(async (incoming, outgoing) => {
      seen.push(incoming.url ?? '');
      await answer.promise;
      outgoing.end();
    });
    const http = transport({ maxSockets: 1 });
    let allowed = true;
    const beforeSend = () => (allowed ? open() : shut());
    const first = http.request({ method: 'POST', url: `${origin}/first`, body: 'x', beforeSend });
    const second = http.request({ method: 'POST', url: `${origin}/second`, body: 'x', beforeSend });
    const refused = expect(second).rejects.toMatchObject({ code: 'test/shut' });
    while (seen.length === 0) await turn();
    allowed = false;
    answer.resolve();
    await Promise.all([first, refused]);
    expect(seen).toEqual(['/first']);
  });
});

describe('a body that is too large', () => {
  test('is refused as soon as it is, and its connection ends', async () => {
    let sent = 0;
    const server = await serving((_incoming, outgoing) => {
      const more = () => {
        while (!outgoing.destroyed && outgoing.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      outgoing.on('drain', more);
      more();
    });
    const failure = await failureOf(transport().request({ url: `${server.origin}/x?y`, maxBytes: 100_000 }));
    expect(failure).toMatchObject({
      code: 'http/too-large',
      message: `GET ${server.origin}/x: response is larger than 100000 bytes`,
    });
    await expect.poll(() => server.open()).toBe(0);
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  test.each([
    [9, true],
    [10, true],
    [11, false],
  ])('of %d bytes where 10 are allowed: accepted is %s', async (size, accepted) => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.end('x'.repeat(size)));
    const request = transport().request({ url: origin, maxBytes: 10 });
    if (accepted) expect((await request).body.length).toBe(size);
    else expect(await failureOf(request)).toMatchObject({ code: 'http/too-large' });
  });

  test('is told from one of which only the length was announced', async () => {
    const { origin } = await raw('HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nabc', { end: true });
    expect(await failureOf(transport().request({ url: origin, maxBytes: 10 }))).toMatchObject({ code: 'http/connection' });
  });
});

describe('a request that takes too long', () => {
  test('fails when no answer comes', async () => {
    const server = await serving(() => undefined);
    const failure = await failureOf(transport().request({ url: `${server.origin}/slow?token=hunter2`, timeoutMs: 20 }));
    expect(failure).toMatchObject({
      code: 'http/timeout',
      fault: 'server',
      message: `GET ${server.origin}/slow: no complete response within 0.02 s`,
    });
    await expect.poll(() => server.open()).toBe(0);
  });

  test('fails when the body does not end', async () => {
    const server = await serving((_incoming, outgoing) => void outgoing.write('begin'));
    expect(await failureOf(transport().request({ url: server.origin, timeoutMs: 50 }))).toMatchObject({ code: 'http/timeout' });
    await expect.poll(() => server.open()).toBe(0);
  });

  test('fails while it waits for a free connection, and is never sent', async () => {
    const waiting: http.ServerResponse[] = [];
    const server = await serving((_incoming, outgoing) => void waiting.push(outgoing));
    const http = transport({ maxSockets: 1 });
    const first = http.request({ url: server.origin });
    await expect.poll(() => waiting.length).toBe(1);
    const stop = new AbortController();
    const aborted = [
      failureOf(http.request({ url: server.origin, signal: stop.signal })),
      failureOf(http.stream({ url: server.origin, signal: stop.signal })),
    ];
    expect(await failureOf(http.request({ url: server.origin, timeoutMs: 20 }))).toMatchObject({ code: 'http/timeout' });
    stop.abort();
    for (const failure of await Promise.all(aborted)) expect(failure).toMatchObject({ code: 'http/connection' });
    const last = http.request({ url: server.origin });
    waiting[0]?.end('x');
    expect((await first).status).toBe(200);
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.end('y');
    expect(String((await last).body)).toBe('y');
    expect(waiting).toHaveLength(2);
  });

  test('takes a limit that is no whole number, or longer than a timer holds', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.end('x'));
    expect((await transport().request({ url: origin, timeoutMs: 60_000.25 })).status).toBe(200);
    expect((await transport().request({ url: origin, timeoutMs: 1e13 })).status).toBe(200);
  });
});

describe('a request that is aborted', () => {
  test('before it starts opens no connection', async () => {
    const server = await serving(() => undefined);
    expect(await failureOf(transport().request({ url: server.origin, signal: AbortSignal.abort() }))).toMatchObject({
      code: 'http/connection',
    });
    expect(server.connections()).toBe(0);
  });

  test.each<[string, http.RequestListener]>([
    ['before the answer', () => undefined],
    ['in the middle of the body', (_incoming, outgoing) => void outgoing.write('begin')],
  ])('%s fails at once, not as a timeout, and gives the connection up', async (_when, answer) => {
    const stop = new AbortController();
    let asked = false;
    const server = await serving((incoming, outgoing) => {
      asked = true;
      answer(incoming, outgoing);
    });
    const failure = failureOf(transport().request({ url: server.origin, signal: stop.signal }));
    await expect.poll(() => asked).toBe(true);
    stop.abort();
    expect(await failure).toMatchObject({ code: 'http/connection' });
    await expect.poll(() => server.open()).toBe(0);
  });

  test('leaves the requests beside it alone', async () => {
    const stop = new AbortController();
    const waiting: http.ServerResponse[] = [];
    const { origin } = await serving((_incoming, outgoing) => void waiting.push(outgoing));
    const http = transport();
    const aborted = failureOf(http.request({ url: origin, signal: stop.signal }));
    const other = http.request({ url: origin });
    await expect.poll(() => waiting.length).toBe(2);
    stop.abort();
    await aborted;
    for (const outgoing of waiting) outgoing.end('x');
    expect((await other).status).toBe(200);
  });
});

describe('a request that cannot be made', () => {
  test('a refused connection is named by address and reason', async () => {
    const closed = net.createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const failure = await failureOf(transport().request({ method: 'PUT', url: `http://127.0.0.1:${port}/x` }));
    expect(failure).toMatchObject({
      code: 'http/connection',
      message: `PUT http://127.0.0.1:${port}/x: connect ECONNREFUSED 127.0.0.1:${port}`,
      cause: { code: 'ECONNREFUSED' },
    });
  });

  test('a host with several addresses that all refuse has a reason too', async () => {
    // Node rejects with an AggregateError that has no message.
    const lookup: net.LookupFunction = (_host, _options, done) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
      ]);
    const failure = await failureOf(transport().request({ url: 'https://several.invalid:1/', tls: { lookup } }));
    expect(failure.message).toBe('GET https://several.invalid:1/: ECONNREFUSED');
  });

  test.each([
    ['ftp://host/x', 'ftp: is not a supported protocol'],
    ['file:///etc/passwd', 'file: is not a supported protocol'],
    ['unix:///run/docker.sock', 'unix: is not a supported protocol'],
    ['javascript:alert(1)', 'javascript: is not a supported protocol'],
  ])('%s is not spoken', async (url, message) => {
    expect(await failureOf(transport().request({ url }))).toMatchObject({ code: 'http/protocol', fault: 'user', message });
    expect(await failureOf(transport().stream({ url }))).toMatchObject({ code: 'http/protocol', fault: 'user', message });
  });

  test.each([
    '',
    'host/path',
    'http://',
    'http://ann:hunter2@ho st/',
    'http://ann:hunter2@host:99999/',
    'https://ann:hunter2/x@host/',
  ])('%j is no URL, and the error does not repeat its password', async (url) => {
    for (const failure of [failureOf(transport().request({ url })), failureOf(transport().stream({ url }))]) {
      const error = await failure;
      expect(error).toMatchObject({ code: 'http/bad-url', fault: 'user' });
      expect(`${error.message} ${error.help} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('hunter2');
    }
  });

  test.each([
    { authorization: 'Bearer hunter2\r\nx-evil: 1' },
    { authorization: 'Bearer hunter2\u0000' },
    { 'x hunter2\n': 'y' },
  ])('a header that would break out of its line is refused without showing its value', async (headers) => {
    const server = await serving((_incoming, outgoing) => void outgoing.end());
    const failure = await failureOf(transport().request({ url: server.origin, headers: headers as Record<string, string> }));
    expect(failure.code).toBe('http/connection');
    if (headers.authorization) expect(failure.message).not.toContain('hunter2');
    expect(server.connections()).toBe(0);
  });

  test('no error shows the query, the fragment or the password of the URL', async () => {
    const { origin } = await raw('', { end: true });
    const secret = `${origin.replace('//', '//ann:hunter2@')}/path?token=hunter2#hunter2`;
    const failure = await failureOf(transport().request({ url: secret }));
    expect(failure.message).toBe(`GET ${origin}/path: socket hang up`);
    expect(`${failure.stack} ${failure.help}`).not.toContain('hunter2');
    expect((await failureOf(transport().stream({ url: secret }))).message).not.toContain('hunter2');
  });
});

describe('a server that misbehaves', () => {
  test.each<[string, string]>([
    ['cuts the body short of its length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'],
    ['cuts a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc'],
    ['leaves out the last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ['cuts the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['says nothing', ''],
    ['speaks another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['sends a bad chunk size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    [
      'gives length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
    ['gives two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    ['sends headers without end', `HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1000)}\r\n`.repeat(100)}\r\n`],
    ['sends a header with a line end in it', 'HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 0\r\n\r\n'],
    ['switches protocols unasked', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
  ])('and %s is an error, not half an answer', async (_what, bytes) => {
    const server = await raw(bytes, { end: true });
    const failure = await failureOf(transport().request({ url: server.origin }));
    expect(failure).toMatchObject({ code: 'http/connection', fault: 'server' });
    expect(failure.message).toMatch(new RegExp(`^GET ${server.origin}/: .+`));
    expect(failure.message).not.toContain('\n');
    await expect.poll(() => server.open()).toBe(0);
  });

  test('an answer before the body was taken is an answer', async () => {
    const { origin } = await serving((_incoming, outgoing) => {
      outgoing.writeHead(413, { connection: 'close' }).end('too large');
    });
    const answer = await transport()
      .request({ method: 'POST', url: origin, body: Buffer.alloc(100_000) })
      .catch((error: unknown) => error);
    expect(answer).toMatchObject({ status: 413 });
  });

  test('informational answers come before the real one', async () => {
    const { origin } = await raw('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    expect(String((await transport().request({ url: origin })).body)).toBe('ok');
  });
});

describe('a stream', () => {
  test('is handed over as soon as the headers are there, and goes on', async () => {
    let outgoing: http.ServerResponse | undefined;
    const { origin } = await serving((_incoming, response) => {
      outgoing = response;
      response.flushHeaders();
    });
    const response = await transport().stream({ url: origin });
    expect(response.status).toBe(200);
    const chunks = response[Symbol.asyncIterator]();
    for (const text of ['one', 'two']) {
      outgoing?.write(text);
      expect(String((await chunks.next()).value)).toBe(text);
    }
    outgoing?.end();
    expect((await chunks.next()).done).toBe(true);
  });

  test('is not limited in size, and lasts longer than the limit of a request', async () => {
    let outgoing: http.ServerResponse | undefined;
    const { origin } = await serving((_incoming, response) => {
      outgoing ??= response;
      response.write('x'.repeat(100));
    });
    const http = transport();
    const response = await http.stream({ url: origin, maxBytes: 10, timeoutMs: 5 });
    // Another request that runs into the same limit shows that the time is over.
    await failureOf(http.request({ url: origin, timeoutMs: 5 }));
    outgoing?.end();
    const chunks = await chunksOf(response);
    expect(Buffer.concat(chunks).length).toBe(100);
  });

  test('ends with an error when it is aborted, and the connection with it', async () => {
    const server = await serving((_incoming, outgoing) => void outgoing.write('x'));
    const stop = new AbortController();
    const response = await transport().stream({ url: server.origin, signal: stop.signal });
    const read = chunksOf(response);
    stop.abort();
    await expect(read).rejects.toThrow('aborted');
    await expect.poll(() => server.open()).toBe(0);
  });

  test('that nobody reads may be aborted or destroyed without harm', async () => {
    const server = await serving((_incoming, outgoing) => void outgoing.write('x'));
    const stop = new AbortController();
    const http = transport();
    await http.stream({ url: server.origin, signal: stop.signal });
    stop.abort();
    (await http.stream({ url: server.origin })).destroy();
    await expect.poll(() => server.open()).toBe(0);
  });

  test('that is aborted before the headers is an error of the call', async () => {
    let asked = false;
    const { origin } = await serving(() => {
      asked = true;
    });
    const stop = new AbortController();
    const failure = failureOf(transport().stream({ url: origin, signal: stop.signal }));
    await expect.poll(() => asked).toBe(true);
    stop.abort();
    expect(await failure).toMatchObject({ code: 'http/connection' });
  });

  test('leaves nothing behind at its signal when it is over', async () => {
    const { origin } = await serving((_incoming, outgoing) => void outgoing.end('x'));
    const { signal } = new AbortController();
    const http = transport();
    for (let count = 0; count < 3; count += 1) {
      await chunksOf(await http.stream({ url: origin, signal }));
      await http.request({ url: origin, signal });
    }
    await expect.poll(() => getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('whose server breaks off ends with an error', async () => {
    const { origin } = await raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n', { end: true });
    const response = await transport().stream({ url: origin });
    await expect(chunksOf(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('cannot be had where nobody listens', async () => {
    const failure = await failureOf(transport().stream({ url: 'http://127.0.0.1:1/watch?token=hunter2' }));
    expect(failure).toMatchObject({ code: 'http/connection' });
    expect(failure.message).toMatch(/^GET http:\/\/127\.0\.0\.1:1\/watch: /);
  });
});

describe.runIf(havePart('openssl', hasOpenssl()))('TLS', () => {
  test('a certificate is checked against the authority given, for each request anew', async () => {
    const { key, cert } = certificate();
    const server = await listening(
      https.createServer({ key, cert }, (_incoming, outgoing) => void outgoing.end('x')),
      'https',
    );
    const url = server.origin.replace('127.0.0.1', 'localhost');
    const http = transport();
    const tls = { lookup: toLoopback };
    expect((await http.request({ url, tls: { ...tls, ca: cert } })).status).toBe(200);
    expect((await http.request({ url, tls: { ...tls, ca: cert } })).status).toBe(200);
    expect(server.connections()).toBe(1);
    // Neither a kept connection nor a kept session lets a request through that does not trust the certificate.
    const failure = await failureOf(http.request({ url, tls }));
    expect(failure).toMatchObject({ code: 'http/connection', cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
    expect((await http.request({ url, tls: { ...tls, rejectUnauthorized: false } })).status).toBe(200);
    expect(await failureOf(http.request({ url, tls }))).toMatchObject({ code: 'http/connection' });
    const otherName = server.origin.replace('127.0.0.1', 'other.invalid');
    expect(await failureOf(http.request({ url: otherName, tls: { ...tls, ca: cert } }))).toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  test('settings of a transport are those of all its requests', async () => {
    const [server, client] = [certificate(), certificate()];
    const callers: (string | undefined)[] = [];
    const { origin, connections } = await listening(
      https.createServer({ ...server, requestCert: true, rejectUnauthorized: false }, (incoming, outgoing) => {
        callers.push((incoming.socket as TLSSocket).getPeerX509Certificate()?.toString());
        outgoing.end('x');
      }),
      'https',
    );
    const http = transport({ tls: { ca: server.cert, cert: client.cert, key: client.key } });
    for (let n = 0; n < 2; n++) expect((await http.request({ url: origin })).status).toBe(200);
    expect(callers).toEqual([client.cert, client.cert]);
    expect(connections()).toBe(1);
    const distrusting = transport({ tls: { ca: client.cert, cert: client.cert, key: client.key } });
    expect(await failureOf(distrusting.request({ url: origin }))).toMatchObject({
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    const blind = transport({ tls: { rejectUnauthorized: false } });
    expect((await blind.request({ url: origin })).status).toBe(200);
    const strict = transport({ tls: { ca: server.cert, servername: 'other.invalid' } });
    expect(await failureOf(strict.request({ url: origin }))).toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  test('a certificate that cannot be read is an error of the request', async () => {
    const http = transport({ tls: { cert: 'no certificate', key: 'no key' } });
    expect(await failureOf(http.request({ url: 'https://127.0.0.1:1/' }))).toMatchObject({
      code: 'http/connection',
      cause: { code: expect.stringContaining('ERR_OSSL') },
    });
  });

  test('what is asked before sending is asked after the handshake, and on a kept connection at once', async () => {
    const { key, cert } = certificate();
    const server = await listening(
      https.createServer({ key, cert }, (incoming, outgoing) => incoming.pipe(outgoing)),
      'https',
    );
    const http = transport();
    const tls = { lookup: toLoopback, ca: cert };
    const url = server.origin.replace('127.0.0.1', 'localhost');
    const asked: number[] = [];
    for (const n of [1, 2]) {
      const request = { method: 'POST', url, body: String(n), tls, beforeSend: () => void asked.push(n) };
      expect(String((await http.request(request)).body)).toBe(String(n));
    }
    expect(asked).toEqual([1, 2]);
  });

  test('plain HTTP where TLS is expected, and the other way round, is an error', async () => {
    const plain = await serving((_incoming, outgoing) => void outgoing.end('x'));
    expect(await failureOf(transport().request({ url: plain.origin.replace('http:', 'https:') }))).toMatchObject({
      code: 'http/connection',
    });
    const secure = await listening(https.createServer(certificate(), () => undefined));
    expect(await failureOf(transport().request({ url: secure.origin }))).toMatchObject({ code: 'http/connection' });
  });
});

const toLoopback: net.LookupFunction = (_host, options, done) =>
  options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
