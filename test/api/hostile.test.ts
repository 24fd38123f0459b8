import { describe, expect, test } from 'vitest';
import { sampled } from '../support/sampled.ts';
import { daemonOf, type Sent, sendRaw, serve, serveByTls } from './daemon-fixture.ts';
import { reviewByRbac } from './rbac.ts';
import { ROUTES } from './routes.ts';

const changing = Object.entries(ROUTES).filter(([name]) => !/^(GET|HEAD) /.test(name));

/** What a browser says of a page that makes it call. */
const FOREIGN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a page of another origin', { origin: 'https://evil.example' }],
  ['a page of no origin', { origin: 'null' }],
  ['a request across sites', { 'sec-fetch-site': 'cross-site' }],
  ['a request across hosts of a site', { 'sec-fetch-site': 'same-site' }],
];

describe('no browser that somebody else guides calls (S-072)', () => {
  test.each(sampled('routes', Object.entries(ROUTES), 16))('%s', async (_, [path, sent, , network]) => {
    let at = '127.0.0.1';
    const daemon = daemonOf();
    await using api = await serveByTls(daemon, reviewByRbac, () => at);
    const refused = async (name: string, headers: Sent['headers'], ca: string | undefined) => {
      const answer = await api.send(path, { ...sent, headers: { ...sent.headers, ...headers }, ...(ca ? { ca } : {}) });
      expect(answer.status, name).toBe(403);
      expect(answer.headers['access-control-allow-origin'], name).toBeUndefined();
    };
    for (const [name, headers] of [...FOREIGN, ['a name that leads here (S-071)', { host: 'evil.example:3030' }]] as const)
      for (const ca of [undefined, api.ca]) await refused(`over loopback: ${name}`, headers, ca);
    at = '10.1.2.3';
    // What is for anyone is for pages too, which cannot read the answer.
    if (network === 403)
      for (const [name, headers] of FOREIGN)
        await refused(`by TLS: ${name}`, { ...headers, authorization: 'Bearer owner' }, api.ca);
    expect(daemon.calls).toEqual([]);
  });
});

describe('over loopback', () => {
  const CASES: readonly (readonly [string, Sent['headers'], number])[] = [
    ['a loopback name may call', { host: 'localhost:3030' }, 204],
    ['any port may stand in Host', { host: 'LOCALHOST:1' }, 204],
    ['IPv6 loopback may call', { host: '[::1]:9' }, 204],
    ['another name may not, whoever resolves it here (S-071)', { host: 'evil.example:3030' }, 403],
    ['a name that only begins like ours may not', { host: 'localhost.evil.example' }, 403],
    ['another loopback address may not stand in Host', { host: '127.0.0.2' }, 403],
    ['its own page may not without a session', { host: 'localhost:3030', origin: 'http://localhost:3030' }, 403],
    ['a page of another origin may not (S-072)', { host: 'localhost:3030', origin: 'http://evil.example' }, 403],
    ['a page of another port may not', { host: 'localhost:3030', origin: 'http://localhost:8080' }, 403],
    ['a page without origin may not', { host: 'localhost:3030', origin: 'null' }, 403],
    ['a browser that says cross-site may not', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a browser that says same-site may not', { 'sec-fetch-site': 'same-site' }, 403],
    ['a browser that says same-origin may not without a session', { 'sec-fetch-site': 'same-origin' }, 403],
    ['an address that a user types may', { 'sec-fetch-site': 'none' }, 204],
  ];
  test.each(CASES)('%s', async (_, headers, status) => {
    await using api = await serve();
    expect((await api.send('/api/flux/v11/ping', { headers: headers ?? {} })).status).toBe(status);
  });

  test.each([
    ['an empty Host is refused', 'Host: \r\n', 403],
    ['a missing Host is refused', '', 400],
    ['two Hosts are refused', 'Host: localhost\r\nHost: evil.example\r\n', 400],
  ])('%s', async (_, hosts, status) => {
    await using api = await serve();
    const answer = await sendRaw(api.port, `GET /api/flux/v11/ping HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('a probe by pod address needs no loopback Host', async () => {
    await using api = await serve(daemonOf(), { localAddress: '10.1.2.3' });
    expect((await api.get('/readyz', { host: '10.1.2.3:3030' })).status).toBe(200);
  });
});

describe('no spelling of a path gives access (S-084)', () => {
  const MUTATIONS = [
    '//api/flux/v11/ping',
    '/api//flux/v11/ping',
    '/api/flux/v11/ping/',
    '/api/flux/v11/%70ing',
    '/api/flux/v11/ping;x',
    '/API/flux/v11/ping',
    '/healthz/../api/flux/v11/ping',
    '/healthz/..%2fapi/flux/v11/ping',
    '/api/flux/v6/identity.pub/../services',
    '/api/flux/v11/ping%00',
    '/api/flux/v11/ping#x',
    'http://localhost/api/flux/v11/ping',
    '*',
  ];
  test.each(MUTATIONS)('%s', async (path) => {
    const daemon = daemonOf();
    await using network = await serve(daemon, { localAddress: '10.1.2.3' });
    expect((await network.get(path)).status).toBe(403);
    await using loopback = await serve(daemon);
    expect([400, 404]).toContain((await loopback.get(path)).status);
    expect(daemon.calls).toEqual([]);
  });

  test('a method override in a header is not one', async () => {
    const daemon = daemonOf();
    await using api = await serve(daemon);
    const { status } = await api.get('/api/v1/syncs', { 'x-http-method-override': 'POST', 'content-type': 'application/json' });
    expect(status).toBe(405);
    expect(daemon.calls).toEqual([]);
  });
});

describe('a body that a page could send unasked changes nothing (S-072)', () => {
  const TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx', ''];

  test.each(changing)('%s', async (_, [path, sent]) => {
    let at = '127.0.0.1';
    const daemon = daemonOf();
    await using api = await serveByTls(daemon, reviewByRbac, () => at);
    for (const address of ['127.0.0.1', '10.1.2.3']) {
      at = address;
      for (const type of TYPES) {
        const headers = { 'content-type': type, authorization: 'Bearer owner' };
        expect((await api.send(path, { ...sent, headers, ca: api.ca })).status, `${address} ${type}`).toBe(415);
      }
    }
    expect(daemon.calls).toEqual([]);
  });

  test.each(changing)('%s: without a type only where the Go fluxctl sends none', async (_, [path, sent, loopback]) => {
    await using api = await serve();
    expect((await api.send(path, { ...sent, headers: {} })).status).toBe(path.startsWith('/api/flux/') ? loopback : 415);
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await api.send(path, { ...sent, headers })).status).toBe(loopback);
  });
});

describe('nothing that is answered is a page for a browser (S-080)', () => {
  const SCRIPT = '<script>alert(1)</script>';
  const HOSTILE: readonly (readonly [string, Sent])[] = [
    ...Object.values(ROUTES).map(([path, sent]) => [path, sent] as const),
    [`/${SCRIPT}`, {}],
    [`/api/flux/${SCRIPT}`, {}],
    [`/api/flux/v6/sync?ref=${SCRIPT}`, {}],
    [`/api/flux/v6/jobs?id=${SCRIPT}`, {}],
    [`/api/flux/v11/services?namespace=a&services=${SCRIPT}`, {}],
    [`/api/v1/${SCRIPT}`, {}],
    [`/api/v1/syncs/${SCRIPT}?wait=${SCRIPT}`, {}],
    [`/api/v1/objects?state=${SCRIPT}`, {}],
    [`/api/v1/history?cursor=${SCRIPT}`, {}],
    ['/healthz', { headers: { host: SCRIPT } }],
    ['/api/v1/syncs', { method: 'POST', headers: { 'content-type': SCRIPT } }],
  ];
  test.each(HOSTILE)('%s', async (path, sent) => {
    await using api = await serve();
    for (const accept of [undefined, 'text/html', '*/*']) {
      const answer = await api.send(path, { ...sent, headers: { ...sent.headers, ...(accept ? { accept } : {}) } });
      const [type] = (answer.headers['content-type'] ?? 'none').split(';');
      expect(['application/json', 'application/problem+json', 'text/plain', 'text/event-stream', 'none']).toContain(type);
      if (type === 'none') expect(answer.body).toBe('');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });
});
