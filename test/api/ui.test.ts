import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { createApiServer, readAssets } from '../../src/api/index.ts';
import { silentLogger } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { daemonOf, type Sent, serve, serveByTls } from './daemon-fixture.ts';
import { reviewByRbac } from './rbac.ts';

const directory = mkdtempSync(join(tmpdir(), 'flux-ui-'));
writeFileSync(join(directory, 'index.html'), '<!doctype html><script type="module" src="./page-1.js"></script>');
writeFileSync(join(directory, 'page-1.js'), 'document.title = "Flux";');
afterAll(() => rmSync(directory, { recursive: true }));

const assets = await readAssets(directory);
const READ_ONLY = { ui: { assets, may: 'read-only' } } as const;
const FULL = { ui: { assets, may: 'full' } } as const;

const JSON_BODY = { 'content-type': 'application/json' };
const post = (body: object, headers = {}): Sent => ({
  method: 'POST',
  headers: { ...JSON_BODY, ...headers },
  body: JSON.stringify(body),
});
/** As the browser sends a `fetch` of the page. */
const fromPage = (port: number) => ({
  host: `127.0.0.1:${port}`,
  origin: `http://127.0.0.1:${port}`,
  'sec-fetch-site': 'same-origin',
});

async function codeOf(api: Awaited<ReturnType<typeof serve>>): Promise<string> {
  const { status, body } = await api.send('/api/v1/ui/codes', post({}));
  expect(status).toBe(201);
  return JSON.parse(body).code;
}

async function signedIn(api: Awaited<ReturnType<typeof serve>>) {
  const page = fromPage(api.port);
  const { status, body } = await api.send('/api/v1/ui/sessions', post({ code: await codeOf(api) }, page));
  expect(status).toBe(201);
  return { ...page, authorization: `Bearer ${JSON.parse(body).token}` };
}

describe('the files of the page', () => {
  test('come from memory, the names of all but the first for ever', async () => {
    await using api = await serve(daemonOf(), READ_ONLY);
    const index = await api.get('/ui/');
    expect(index).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' },
    });
    expect(index.body).toContain('./page-1.js');
    const script = await api.get('/ui/page-1.js');
    expect(script).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable' },
    });
    expect(await api.get('/ui/', { 'if-none-match': index.headers.etag ?? '' })).toMatchObject({ status: 304, body: '' });
    expect(await api.get('/ui')).toMatchObject({ status: 308, headers: { location: 'ui/' } });
    expect(await api.send('/ui/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  test('are compressed for who asks for it', async () => {
    const big = mkdtempSync(join(tmpdir(), 'flux-ui-'));
    writeFileSync(join(big, 'index.html'), 'x'.repeat(10_000));
    await using api = await serve(daemonOf(), { ui: { assets: await readAssets(big), may: 'read-only' } });
    rmSync(big, { recursive: true });
    const { headers } = await api.get('/ui/', { 'accept-encoding': 'br, gzip' });
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(Number(headers['content-length'])).toBeLessThan(100);
    expect((await api.get('/ui/', { 'accept-encoding': 'br' })).body).toBe('x'.repeat(10_000));
    expect(gunzipSync((await readAssets(directory)).get('page-1.js')?.gzipped ?? '').toString()).toContain('Flux');
  });

  test('have nothing beside them: no other file, no path out of the directory, no second name of the first', async () => {
    await using api = await serve(daemonOf(), READ_ONLY);
    for (const path of ['/ui/index.html', '/ui/page-2.js', '/ui/..%2fpackage.json', '/ui/%2e%2e/x', '/ui/a/b', '/ui/__proto__'])
      expect((await api.get(path)).status, path).toBe(404);
  });

  test.each([
    [
      'content-security-policy',
      /^default-src 'none'; script-src 'self'; style-src 'self'.*frame-ancestors 'none'.*trusted-types flux-layout$/,
    ],
    ['cross-origin-opener-policy', /^same-origin$/],
    ['cross-origin-resource-policy', /^same-origin$/],
    ['referrer-policy', /^no-referrer$/],
    ['permissions-policy', /camera=\(\)/],
    ['x-content-type-options', /^nosniff$/],
  ])('have the header %s', async (name, value) => {
    await using api = await serve(daemonOf(), READ_ONLY);
    for (const path of ['/ui/', '/ui/page-1.js']) expect((await api.get(path)).headers[name], path).toMatch(value);
  });

  test('a directory without them is an error with a way out', async () => {
    await expect(readAssets(join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'ui/not-built' });
  });
});

describe('who may open the page', () => {
  const PATHS = ['/ui', '/ui/', '/ui/page-1.js'];

  test.each([
    ['loopback', '127.0.0.1', false, true],
    ['the network by TLS, without a token', '10.1.2.3', true, true],
    ['the network by plain HTTP', '10.1.2.3', false, false],
  ])('%s', async (_, localAddress, encrypted, isServed) => {
    await using api = await serveByTls(daemonOf(), reviewByRbac, localAddress, READ_ONLY);
    const tls = encrypted ? { ca: api.ca } : {};
    for (const path of PATHS) expect((await api.send(path, tls)).status === 403, path).toBe(!isServed);
    expect((await api.send('/api/v1/objects', { ...tls, headers: fromPage(api.port) })).status).toBe(403);
    const exchange = await api.send('/api/v1/ui/sessions', { ...post({ code: 'x' }), ...tls });
    expect(exchange.status).toBe(403);
  });

  test.each([
    ['loopback', '127.0.0.1'],
    ['the network', '10.1.2.3'],
  ])('who follows a link of another site, on %s, but no page that frames it or calls the API', async (_, localAddress) => {
    await using api = await serveByTls(daemonOf(), reviewByRbac, localAddress, READ_ONLY);
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const get = async (path: string, headers: Sent['headers'] = {}) => (await api.send(path, { ca: api.ca, headers })).status;
    expect(await get('/ui/', link)).toBe(200);
    expect(await get('/ui/', { ...link, 'sec-fetch-dest': 'iframe' })).toBe(403);
    expect(await get('/ui/page-1.js', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(403);
    expect(await get('/api/v1/overview', { ...link, authorization: 'Bearer reader' })).toBe(403);
  });

  test('nobody where it is off', async () => {
    await using api = await serve(daemonOf());
    for (const path of [...PATHS, '/api/v1/ui/session']) expect((await api.get(path)).status, path).toBe(404);
    expect((await api.send('/api/v1/ui/codes', post({}))).status).toBe(404);
  });

  test('its routes have the access that the page needs, and no more', () => {
    const { routes } = createApiServer({ daemon: daemonOf(), log: silentLogger(), ...READ_ONLY });
    const ofPage = routes.filter(({ path }) => path.includes('/ui'));
    expect(ofPage.map(({ methods, path, access }) => `${methods} ${path} ${access}`)).toEqual([
      'GET,HEAD /ui page',
      'GET,HEAD /ui/ page',
      'GET,HEAD /ui/{file} page',
      'POST /api/v1/ui/codes authorized',
      'POST /api/v1/ui/sessions page',
      'GET,HEAD /api/v1/ui/session authorized',
      'DELETE /api/v1/ui/session page',
      'GET,HEAD /api/v1/ui/sign-in page',
      'POST /api/v1/ui/oidc/requests page',
      'POST /api/v1/ui/oidc/sessions page',
    ]);
  });
});

describe('over loopback the page', () => {
  test('exchanges a code for a session, and reads with it', async () => {
    await using api = await serve(daemonOf(), READ_ONLY);
    const headers = await signedIn(api);
    expect(await api.send('/api/v1/objects', { headers })).toMatchObject({ status: 200 });
    expect(JSON.parse((await api.send('/api/v1/ui/session', { headers })).body)).toEqual({ may: 'read-only' });
  });

  test('has no session without a token, or with one that is not its own', async () => {
    await using api = await serve(daemonOf(), READ_ONLY);
    const { authorization } = await signedIn(api);
    const page = fromPage(api.port);
    for (const headers of [page, { ...page, authorization: 'Bearer x' }]) {
      const { status, body } = await api.send('/api/v1/objects', { headers });
      expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 403, code: 'ui/no-session' });
    }
    // The page of another origin, such as localhost instead of 127.0.0.1.
    const other = { host: `localhost:${api.port}`, origin: `http://localhost:${api.port}`, authorization };
    expect((await api.send('/api/v1/objects', { headers: other })).status).toBe(403);
  });

  test('uses a code once', async () => {
    await using api = await serve(daemonOf(), READ_ONLY);
    const code = await codeOf(api);
    const page = fromPage(api.port);
    expect((await api.send('/api/v1/ui/sessions', post({ code }, page))).status).toBe(201);
    const { status, body } = await api.send('/api/v1/ui/sessions', post({ code }, page));
    expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 403, code: 'ui/bad-code' });
  });

  test('uses a code within a minute, and a session within twelve hours of its last request', async () => {
    const clock = new ManualClock();
    await using api = await serve(daemonOf(), { ...READ_ONLY, clock });
    const code = await codeOf(api);
    clock.advance(60_000);
    expect((await api.send('/api/v1/ui/sessions', post({ code }, fromPage(api.port)))).status).toBe(403);
    const headers = await signedIn(api);
    for (let day = 0; day < 3; day += 1) {
      clock.advance(12 * 3_600_000 - 1);
      expect((await api.send('/api/v1/objects', { headers })).status).toBe(200);
    }
    clock.advance(12 * 3_600_000);
    expect((await api.send('/api/v1/objects', { headers })).status).toBe(403);
  });

  test('of a daemon that restarted has to be opened again', async () => {
    let headers: Awaited<ReturnType<typeof signedIn>>;
    {
      await using before = await serve(daemonOf(), READ_ONLY);
      headers = await signedIn(before);
    }
    await using api = await serve(daemonOf(), READ_ONLY);
    const answer = await api.send('/api/v1/objects', { headers: { ...headers, ...fromPage(api.port) } });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ui/no-session' });
  });

  test('changes nothing unless it is full, whereas programs on the machine may', async () => {
    for (const [ui, status] of [
      [READ_ONLY, 403],
      [FULL, 202],
    ] as const) {
      const daemon = daemonOf();
      await using api = await serve(daemon, ui);
      const headers = await signedIn(api);
      expect((await api.send('/api/v1/syncs', post({}, headers))).status).toBe(status);
      expect(daemon.calls.some(({ name }) => name === 'startSync')).toBe(status === 202);
      expect((await api.send('/api/v1/syncs', post({}))).status).toBe(202);
    }
  });

  test('signs out: its token is not valid any more, and that of another tab is', async () => {
    await using api = await serve(daemonOf(), READ_ONLY);
    const [headers, other] = [await signedIn(api), await signedIn(api)];
    for (let times = 0; times < 2; times += 1)
      expect(await api.send('/api/v1/ui/session', { method: 'DELETE', headers })).toMatchObject({ status: 204, body: '' });
    const { status, body } = await api.send('/api/v1/objects', { headers });
    expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 403, code: 'ui/no-session' });
    expect((await api.send('/api/v1/objects', { headers: other })).status).toBe(200);
    const foreign = { ...other, origin: 'http://evil.example' };
    expect((await api.send('/api/v1/ui/session', { method: 'DELETE', headers: foreign })).status).toBe(403);
    expect((await api.send('/api/v1/objects', { headers: other })).status).toBe(200);
  });

  test('is refused where it is off, in words that do not lead to it', async () => {
    await using api = await serve(daemonOf());
    const answer = JSON.parse((await api.send('/api/v1/objects', { headers: fromPage(api.port) })).body);
    expect(answer).toMatchObject({ status: 403, code: 'api/forbidden', help: expect.stringContaining('--ui=read-only') });
  });

  test('gives no codes: a program on the machine does', async () => {
    await using api = await serve(daemonOf(), FULL);
    expect((await api.send('/api/v1/ui/codes', post({}, await signedIn(api)))).status).toBe(403);
  });

  test.each([['{}'], ['{"code":1}'], ['x'], [''], [`{"code":"${'x'.repeat(200)}"}`]])('a body %j is refused', async (body) => {
    await using api = await serve(daemonOf(), READ_ONLY);
    expect((await api.send('/api/v1/ui/sessions', { ...post({}), body })).status).toBe(400);
  });

  test('a page of another site is refused, whatever it knows', async () => {
    await using api = await serve(daemonOf(), FULL);
    const { authorization } = await signedIn(api);
    for (const foreign of [
      { origin: 'http://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ])
      for (const path of ['/ui/', '/api/v1/objects'])
        expect((await api.send(path, { headers: { ...foreign, authorization } })).status, path).toBe(403);
  });
});

describe('by TLS the page', () => {
  const at = (api: { readonly port: number }) => {
    const host = `127.0.0.1:${api.port}`;
    return { host, origin: `https://${host}`, 'sec-fetch-site': 'same-origin' };
  };

  test('reads with the token of a user who may, and says who that is', async () => {
    await using api = await serveByTls(daemonOf(), reviewByRbac, '10.1.2.3', READ_ONLY);
    const get = (token: string) =>
      api.send('/api/v1/ui/session', { ca: api.ca, headers: { ...at(api), authorization: `Bearer ${token}` } });
    expect(JSON.parse((await get('reader')).body)).toEqual({ may: 'read-only', user: 'reader' });
    expect((await get('nothing')).status).toBe(403);
  });

  test('changes nothing unless it is full, even for who may', async () => {
    for (const [ui, status] of [
      [READ_ONLY, 403],
      [FULL, 202],
    ] as const) {
      await using api = await serveByTls(daemonOf(), reviewByRbac, '10.1.2.3', ui);
      const authorization = 'Bearer owner';
      const asPage = { ...post({}, { ...at(api), authorization }), ca: api.ca };
      expect((await api.send('/api/v1/syncs', asPage)).status).toBe(status);
      // A client that is no page has the rights of its user.
      expect((await api.send('/api/v1/syncs', { ...post({}, { authorization }), ca: api.ca })).status).toBe(202);
    }
  });

  test('gets no session for a code', async () => {
    await using api = await serveByTls(daemonOf(), reviewByRbac, '10.1.2.3', READ_ONLY);
    const answer = await api.send('/api/v1/ui/sessions', { ...post({ code: 'x' }, at(api)), ca: api.ca });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'api/forbidden' });
    const codes = await api.send('/api/v1/ui/codes', { ...post({}, { authorization: 'Bearer owner' }), ca: api.ca });
    expect(JSON.parse(codes.body)).toMatchObject({ code: 'api/forbidden' });
  });
});
