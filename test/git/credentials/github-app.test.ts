import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SourceOptions } from '../../../src/git/index.ts';
import { certificate, hasOpenssl } from '../../support/certificate.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { createTestLog } from '../../support/test-log.ts';
import { startProxy } from '../support/connect-proxy.ts';
import { type GitHubImitationOptions, keyPair, startGitHub } from '../support/github-app.ts';
import { rootOf, serveGitOverHttp } from '../support/http-server.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from '../support/repository.ts';

const MINUTE = 60_000;

/** A repository that only tokens of the imitation open, and a source of it; our clock and that of GitHub are the same by default. */
async function openByApp(options: GitHubImitationOptions & { readonly of?: Partial<SourceOptions> } = {}) {
  const clock = new ManualClock();
  const remote = createRemote();
  const github = await startGitHub({ now: () => clock.now(), ...options });
  const server = await serveGitOverHttp(rootOf(remote.path), { admits: github.admits });
  const { log, lines } = await createTestLog();
  const source = sourceOf(`${server.origin}/remote.git`, { authentication: github.authentication, clock, log, ...options.of });
  return { clock, remote, github, server, source, lines };
}

test('reads and writes with a token of the installation, asked for once', async () => {
  const { github, source, server } = await openByApp();
  const base = await source.fetch();
  const made = await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
  expect(await source.fetch()).toBe(made);
  expect(source.state().status).toBe('ready');
  expect(github.answers).toEqual(['201']);
  expect(server.requests.some((request) => request.endsWith('as x-access-token'))).toBe(true);
});

test('over three hours no fetch fails, and there is at most one request in 50 minutes', async () => {
  const { clock, remote, github, source } = await openByApp();
  const every = thorough('a fetch every nine minutes') ? 9 : 30;
  for (let minute = 0; minute < 180; minute += every) {
    if (minute % 90 === 0) remote.commit({ [`at-${minute}`]: 'x' });
    await source.fetch();
    clock.advance(every * MINUTE);
  }
  const gaps = github.issued.slice(1).map((at, index) => at - (github.issued[index] ?? 0));
  expect(github.issued.length).toBeLessThanOrEqual(4);
  expect(gaps.every((gap) => gap >= 50 * MINUTE)).toBe(true);
});

test('a key in PKCS#8, and one that was replaced, are used without a restart', async () => {
  const { clock, github, source } = await openByApp();
  const { privateKeyFile } = github.authentication;
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  writeFileSync(privateKeyFile, other.export({ type: 'pkcs8', format: 'pem' }));
  expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/github-app', message: expect.stringContaining('HTTP 401') });
  writeFileSync(privateKeyFile, keyPair().privateKey.export({ type: 'pkcs8', format: 'pem' }));
  clock.advance(MINUTE);
  await source.fetch();
  expect(source.state().status).toBe('ready');
});

test('a revoked token costs one fetch', async () => {
  const { clock, github, source } = await openByApp();
  await source.fetch();
  clock.advance(5 * MINUTE);
  github.revoke();
  expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/denied' });
  await source.fetch();
  expect(github.answers).toEqual(['201', '201']);
});

test('what the App may not do asks for no token more than once a minute', async () => {
  const { clock, github, source, server } = await openByApp({});
  await source.fetch();
  github.revoke();
  const before = server.requests.length;
  for (let second = 0; second < 120; second += 20) {
    github.revoke();
    await source.fetch().catch(() => undefined);
    clock.advance(20_000);
  }
  expect(server.requests.length).toBeGreaterThan(before);
  expect(github.issued.length).toBeLessThanOrEqual(4);
});

describe('the clock of fluxd', () => {
  // From some difference on, GitHub rejects the first token of the App, and says its own time.
  const skews: readonly (readonly [number, number])[] = [
    [-86_400, 2],
    [-900, 2],
    [-500, 1],
    [0, 1],
    [50, 1],
    [300, 2],
    [86_400, 2],
  ];
  test.each(sampled('clocks that differ', skews, 2))('may be %i s ahead: %i requests', async (aheadS, requests) => {
    const clock = new ManualClock();
    const { github, source } = await openByApp({ now: () => clock.now() - aheadS * 1000, of: { clock } });
    await source.fetch();
    expect(github.answers).toHaveLength(requests);
    expect(github.answers.at(-1)).toBe('201');
    clock.advance(55 * MINUTE);
    await source.fetch();
    await source.fetch();
    expect(github.answers).toHaveLength(requests + 1);
  });
});

describe('what is wrong is named, with the next step, and without a secret', () => {
  const status =
    (code: number, message: string, headers: Readonly<Record<string, string>> = {}) =>
    (_: number, _request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(code, headers).end(JSON.stringify({ message }));
      return true;
    };

  test.each<[string, GitHubImitationOptions['intercept'], RegExp, RegExp]>([
    [
      'the key',
      status(401, 'A JSON web token could not be decoded'),
      /installation 815: HTTP 401 \(A JSON web token/,
      /clock of fluxd/,
    ],
    ['a suspended installation', status(403, 'This installation has been suspended'), /HTTP 403 \(This inst/, /suspended/],
    ['the installation', status(404, 'Not Found'), /HTTP 404 \(Not Found\)/, /--git-github-app-installation-id/],
    ['a limit', status(403, 'API rate limit exceeded', { 'x-ratelimit-remaining': '0' }), /HTTP 403/, /limits the requests/],
    ['trouble', status(502, 'Bad gateway\u001b[31m'), /HTTP 502 \(Bad gateway \[31m\)/, /--git-github-api/],
    [
      'no JSON',
      (_, _request, response) => !!response.writeHead(201).end('<html>'),
      /no token and time of expiry/,
      /--git-github-api/,
    ],
    [
      'a token of an odd form',
      (_, _request, response) =>
        !!response.writeHead(201).end(JSON.stringify({ token: 'a\nb', expires_at: '2099-01-01T00:00:00Z' })),
      /no token and time of expiry/,
      /--git-github-api/,
    ],
    [
      'a token that has expired',
      (_, _request, response) =>
        !!response.writeHead(201).end(JSON.stringify({ token: 'abcdefgh', expires_at: '2001-01-01T00:00:00Z' })),
      /has expired/,
      /clock/,
    ],
    [
      'an endless answer',
      (_, _request, response) => !!response.writeHead(201).end('x'.repeat(300_000)),
      /larger than 262144 bytes/,
      /./,
    ],
    [
      'an echo of the key of the App',
      (_, request, response) =>
        !!response.writeHead(401).end(JSON.stringify({ message: `no: ${request.headers.authorization?.slice(7)}` })),
      /HTTP 401 \(no: \*\*\*\)/,
      /./,
    ],
  ])('%s', async (_, intercept, message, help) => {
    const { github, source, server, lines } = await openByApp({ ...(intercept ? { intercept } : {}) });
    const failure = await failureOf(source.fetch());
    expect(failure.message).toMatch(message);
    expect(failure.help ?? '').toMatch(help);
    expect(server.requests).toEqual([]);
    const told = JSON.stringify([failure, failure.stack, lines()]);
    expect(github.secrets.filter((secret) => told.includes(secret))).toEqual([]);
  });

  test.each<[string, string, RegExp]>([
    ['is no key', 'hunter2', /it is not a private key in PEM form/],
    [
      'is another kind of key',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /not an RSA key but ed25519/,
    ],
    [
      'is the public key',
      createPublicKey(keyPair().privateKey).export({ type: 'spki', format: 'pem' }).toString(),
      /it is not a private key/,
    ],
    [
      'has a passphrase',
      keyPair().privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      /without a passphrase/,
    ],
  ])('a key file that %s', async (_, content, why) => {
    const { github, source } = await openByApp();
    writeFileSync(github.authentication.privateKeyFile, content);
    const failure = await failureOf(source.fetch());
    expect(failure).toMatchObject({ code: 'git/secret-file' });
    expect(failure.message).toMatch(/^--git-github-app-private-key-file \/.*key\.pem: /);
    expect(failure.message).toMatch(why);
    expect(JSON.stringify([failure.message, failure.stack])).not.toContain(content.slice(40, 80) || 'hunter2');
    expect(github.answers).toEqual([]);
  });
});

test('the API is asked again only when it said so, and a valid token is used meanwhile', async () => {
  let isDown = false;
  let asked = 0;
  const { clock, source, lines } = await openByApp({
    intercept: (_, _request, response) => {
      asked += 1;
      if (isDown) response.writeHead(503, { 'retry-after': '120' }).end('{}');
      return isDown;
    },
  });
  await source.fetch();
  isDown = true;
  clock.advance(52 * MINUTE);
  for (let fetches = 0; fetches < 3; fetches += 1) await source.fetch();
  expect(asked).toBe(2);
  expect(lines().filter(({ msg }) => msg.includes('still valid'))).toHaveLength(1);
  isDown = false;
  clock.advance(MINUTE);
  await source.fetch();
  expect(asked).toBe(2);
  clock.advance(MINUTE);
  await source.fetch();
  await source.fetch();
  expect(asked).toBe(3);
  isDown = true;
  clock.advance(120 * MINUTE);
  expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/github-app' });
  expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/github-app' });
  expect(asked).toBe(4);
});

const WAYS: readonly (readonly [string, NonNullable<GitHubImitationOptions['intercept']> | 'answer'])[] = [
  ['loses its connection', (_, request) => !!request.socket.destroy()],
  ['is answered 500', (_, _request, response) => !!response.writeHead(500).end('{}')],
  ['is answered 429', (_, _request, response) => !!response.writeHead(429, { 'retry-after': '1' }).end('{}')],
  [
    'is cut in its answer',
    (_, _request, response) =>
      !!response.writeHead(201, { 'content-length': '500' }).write('{"token":', () => response.destroy()),
  ],
  ['is answered by another document', (_, _request, response) => !!response.writeHead(200).end('<h1>Hello</h1>')],
  ['is carried out and its answer lost', 'answer'],
];

/** The first request is for the first token; the second renews it. */
test.each(
  sampled(
    'lost requests for a token',
    [1, 2].flatMap((n) => WAYS.map((way) => [n, ...way] as const)),
    2,
  ),
)('request %i for a token %s: the fetch after it works, and a renewal disturbs none', async (lost, _, way) => {
  const { clock, remote, source, lines, github } = await openByApp({
    intercept: (n, request, response) => n === lost && way !== 'answer' && way(n, request, response),
    breakAnswer: (n) => n === lost && way === 'answer',
  });
  await source.fetch().catch((error: unknown) => {
    if (lost !== 1) throw error;
  });
  clock.advance(2 * MINUTE);
  await source.fetch();
  clock.advance(51 * MINUTE);
  await source.fetch();
  clock.advance(4 * MINUTE);
  const head = remote.commit({ y: 'y' });
  await source.fetch();
  clock.advance(6 * MINUTE);
  expect(await source.fetch()).toBe(head);
  const told = JSON.stringify(lines());
  expect(github.secrets.filter((secret) => told.includes(secret))).toEqual([]);
});

test.skipIf(!hasOpenssl())(
  'the API is asked through the proxy, which sees no token, and by the authority of --git-ca-file',
  async () => {
    const host = certificate();
    const caFile = join(temporaryDirectory(), 'ca.pem');
    writeFileSync(caFile, host.cert);
    const proxy = await startProxy();
    const environment = { PATH: process.env.PATH, HTTPS_PROXY: proxy.url };
    const { github, source } = await openByApp({ tls: host, of: { tls: { caFile }, environment } });
    await source.fetch();
    expect(proxy.connects()).toEqual([new URL(github.authentication.api).host]);
    expect(github.secrets.filter((secret) => proxy.seen().includes(secret))).toEqual([]);
    const direct = await openByApp({
      tls: host,
      of: { tls: { caFile }, environment: { ...environment, no_proxy: '127.0.0.1' } },
    });
    await direct.source.fetch();
    expect(proxy.connects()).toHaveLength(1);
    const stranger = await openByApp({ tls: host });
    expect(await failureOf(stranger.source.fetch())).toMatchObject({ help: expect.stringContaining('--git-ca-file') });
  },
);
