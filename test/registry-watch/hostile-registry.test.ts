import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, type HttpTransport } from '../../src/base/index.ts';
import { sampled } from '../support/sampled.ts';
import { FakeRegistry, json, OCI_IMAGE } from './fake-registry.ts';
import { setup } from './watch-of.ts';

const JANUARY = '2024-01-01T00:00:00Z';

async function registry(): Promise<FakeRegistry> {
  const started = await new FakeRegistry().listen();
  onTestFinished(() => started.close());
  started.push('1.0.0', JANUARY);
  started.push('1.1.0', JANUARY);
  return started;
}

/** A watch of a registry that has been scanned once while it was honest. */
async function scanned(hostile: FakeRegistry, http?: HttpTransport) {
  const it = setup(http ? { http } : {});
  onTestFinished(() => it.close());
  it.watch.watch([{ name: hostile.name, pullSecrets: [], needsTimes: () => true }]);
  await it.watch.scanNow();
  expect(it.watch.repository(hostile.name)?.tags).toEqual(['1.0.0', '1.1.0']);
  return it;
}

const isList = ({ url = '' }: IncomingMessage) => url.includes('tags/list');

const PAGE = '{"name":"team/web","tags":["1.0.0","1.1.0","1.2.0"]}';
const FRAMINGS = {
  'with its length': { 'content-length': String(PAGE.length) },
  'in chunks': { 'transfer-encoding': 'chunked' },
  'until the connection ends': { connection: 'close' },
} as const;

test.each(Object.entries(FRAMINGS))(
  'a page %s that is reset at each of its bytes leaves what was known, and its registry is named (R-051)',
  async (_, headers) => {
    const hostile = await registry();
    const it = await scanned(hostile);
    let sent = 0;
    hostile.intercept = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.write(PAGE.slice(0, sent), () => response.destroy());
      return true;
    };
    for (sent of sampled('bytes of a page', [...Array(PAGE.length).keys()].slice(1), 12)) {
      await it.watch.scanNow();
      const found = it.watch.repository(hostile.name);
      expect(found?.tags).toEqual(['1.0.0', '1.1.0']);
      expect(found?.error?.message).toContain(hostile.host);
    }
    hostile.intercept = () => undefined;
    await it.watch.scanNow();
    expect(it.watch.repository(hostile.name)?.error).toBeUndefined();
  },
);

test('a page of which a byte comes now and then is given up at the deadline of the request (S-052)', async () => {
  const hostile = await registry();
  const real = createHttpTransport();
  // A minute, a little sooner.
  const http: HttpTransport = { ...real, request: (request) => real.request({ ...request, timeoutMs: 400 }) };
  const it = await scanned(hostile, http);
  const timers = new Set<NodeJS.Timeout>();
  onTestFinished(() => timers.forEach(clearInterval));
  hostile.intercept = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    let at = 0;
    timers.add(
      setInterval(() => {
        response.write(at < PAGE.length - 1 ? PAGE[at] : ' ');
        at += 1;
      }, 10),
    );
    return true;
  };
  await it.watch.scanNow();
  const found = it.watch.repository(hostile.name);
  expect(found).toMatchObject({ tags: ['1.0.0', '1.1.0'], error: { code: 'http/timeout' } });
  expect(found?.error?.message).toContain(hostile.host);
});

/** Sends zeros without end, and counts what goes out. */
function endless(response: ServerResponse, headers: Record<string, string>): { readonly sent: () => number } {
  let sent = 0;
  const piece = Buffer.alloc(65_536, '0');
  response.writeHead(200, headers);
  const more = () => {
    while (!response.destroyed) {
      sent += piece.length;
      if (!response.write(piece)) break;
    }
  };
  response.on('drain', more);
  more();
  return { sent: () => sent };
}

test.each([
  ['a page of tags', 'tags/list', 'application/json'],
  ['a manifest', '/manifests/', OCI_IMAGE],
  ['an image config', '/blobs/', 'application/octet-stream'],
  ['a token', '/token', 'application/json'],
  ['an error', 'errors', 'application/json'],
] as const)('%s without end is cut off below 16 MiB, and the limit is named (S-052, S-054)', async (what, place, type) => {
  const hostile = await registry();
  const it = setup();
  onTestFinished(() => it.close());
  const streams: ReturnType<typeof endless>[] = [];
  hostile.intercept = (request, response) => {
    const { url = '' } = request;
    if (url.includes(place) || (place === 'errors' && isList(request))) streams.push(endless(response, { 'content-type': type }));
    else if (place === '/token') {
      json(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${hostile.host}/token",service="x"` });
    } else return false;
    return true;
  };
  it.watch.watch([{ name: hostile.name, pullSecrets: [], needsTimes: () => true }]);
  await it.watch.scanNow();
  const found = it.watch.repository(hostile.name);
  const error = found?.error ?? found?.images.get('1.0.0')?.error;
  expect(error?.message, what).toMatch(/larger than \d+ bytes/);
  expect(error?.message).toContain(hostile.host);
  for (const { sent } of streams) expect(sent()).toBeLessThan(16 * 2 ** 20);
});

test('compression is not asked for, so that a bomb is only text that is no JSON', async () => {
  const hostile = await registry();
  const it = await scanned(hostile);
  expect(hostile.headers.map((headers) => headers['accept-encoding']).filter(Boolean)).toEqual([]);
  hostile.intercept = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync(Buffer.alloc(64 * 2 ** 20, ' ')));
    return true;
  };
  await it.watch.scanNow();
  const found = it.watch.repository(hostile.name);
  expect(found?.tags).toEqual(['1.0.0', '1.1.0']);
  expect(found?.error).toMatchObject({ code: 'registry/bad-answer' });
});

test('token services that refer to each other are asked once', async () => {
  const hostile = await registry();
  const asked: string[] = [];
  hostile.intercept = ({ url = '' }, response) => {
    asked.push(url.replace(/\?.*/, ''));
    const next = url.startsWith('/a') ? 'b' : 'a';
    json(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${hostile.host}/${next}",service="x"` });
    return true;
  };
  const it = setup();
  onTestFinished(() => it.close());
  it.watch.watch([{ name: hostile.name, pullSecrets: [] }]);
  await it.watch.scanNow();
  expect(asked).toEqual(['/v2/team/web/tags/list', '/a']);
  expect(it.watch.repository(hostile.name)?.error?.message).toContain(`${hostile.host}/a`);
});

test('a token service that redirects in a circle is given up', async () => {
  const hostile = await registry();
  let redirects = 0;
  hostile.intercept = (request, response) => {
    if (isList(request))
      json(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${hostile.host}/token",service="x"` });
    else {
      redirects += 1;
      response.writeHead(307, { location: request.url ?? '' }).end();
    }
    return true;
  };
  const it = setup();
  onTestFinished(() => it.close());
  it.watch.watch([{ name: hostile.name, pullSecrets: [] }]);
  await it.watch.scanNow();
  expect(redirects).toBe(6);
  expect(it.watch.repository(hostile.name)?.error?.message).toContain('more than 5 redirects');
});
