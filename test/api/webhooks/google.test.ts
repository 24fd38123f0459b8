import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sampled } from '../../support/sampled.ts';
import { type Receiver, receive } from './fixture.ts';

const AUDIENCE = 'https://hooks.example.org/';
const EMAIL = 'pusher@acme.iam.gserviceaccount.com';
const TARGET = { key: 'c0ffee-5d41402abc4b2a76' };
const ENDPOINT = { source: 'GoogleContainerRegistry', ...TARGET, gcr: { audience: AUDIENCE, email: EMAIL } };
const MINUTE = 60_000;

const google = await generateKeyPair('RS256', { extractable: true });
const next = await generateKeyPair('RS256', { extractable: true });
const stranger = await generateKeyPair('RS256', { extractable: true });
const curve = await generateKeyPair('ES256', { extractable: true });
const jwk = async (key: CryptoKey, kid: string): Promise<JWK> => ({ ...(await exportJWK(key)), kid, use: 'sig', alg: 'RS256' });

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Google's keys on a real socket. */
async function startKeys() {
  let keys = [await jwk(google.publicKey, 'k1')];
  let fault: Handler | undefined;
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (fault) return fault(request, response);
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=21600, must-revalidate' });
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`,
    requests: () => requests,
    async rotate() {
      keys = [await jwk(next.publicKey, 'k2')];
    },
    fail: (handler: Handler | undefined) => {
      fault = handler;
    },
  };
}

async function start() {
  const keys = await startKeys();
  const receiver = await receive([ENDPOINT], { googleKeysUrl: keys.url });
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  return { keys, receiver };
}

interface Token {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey;
}

/** A token as Pub/Sub sends it, or with something wrong. */
function tokenAt({ clock }: Receiver, { claims = {}, header = {}, key = google.privateKey }: Token = {}): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  const all = {
    iss: 'https://accounts.google.com',
    aud: AUDIENCE,
    azp: '1138',
    email: EMAIL,
    email_verified: true,
    sub: '1138',
    iat: now,
    exp: now + 3600,
    ...claims,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(given).setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'JWT', ...header }).sign(key);
}

const bodyOf = (data: unknown) =>
  JSON.stringify({
    message: {
      data: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)).toString('base64'),
      messageId: '136969346945',
      publishTime: '2026-11-25T09:50:20Z',
    },
    subscription: 'projects/acme/subscriptions/flux',
  });
const PUSH = bodyOf({ action: 'INSERT', digest: `eu.gcr.io/acme/api@sha256:${'a'.repeat(64)}`, tag: 'eu.gcr.io/acme/api:1.2' });

async function post(receiver: Receiver, authorization: string | undefined, body = PUSH): Promise<number> {
  const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
  return (await receiver.post(TARGET, { headers, body })).status;
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const withClaims = (token: string, claims: object) => {
  const [header, payload = '', signature] = token.split('.');
  const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...claims };
  return [header, base64(changed), signature].join('.');
};

test('a push of an image is passed on, with keys that are fetched once', async () => {
  const { keys, receiver } = await start();
  for (let number = 0; number < 3; number += 1) expect(await post(receiver, `Bearer ${await tokenAt(receiver)}`)).toBe(202);
  expect(receiver.calls[0]).toEqual({ name: 'notify', argument: { kind: 'image', domain: 'eu.gcr.io', image: 'acme/api' } });
  expect(keys.requests()).toBe(1);
});

describe('a token is refused (S-075)', () => {
  const HOUR = 3600;
  const relative = (seconds: number) => (receiver: Receiver) => Math.floor(receiver.clock.now() / 1000) + seconds;
  const claims = (given: Token['claims']) => (receiver: Receiver) => tokenAt(receiver, given ? { claims: given } : {});
  test.each<[string, (receiver: Receiver) => Promise<string>]>([
    ['for another audience', claims({ aud: 'https://elsewhere.example/' })],
    ['for an audience that begins alike', claims({ aud: `${AUDIENCE}x` })],
    ['for several audiences', claims({ aud: [AUDIENCE, 'https://elsewhere.example/'] })],
    ['for no audience', claims({ aud: undefined })],
    ['of another account', claims({ email: 'mallory@evil.iam.gserviceaccount.com' })],
    ['of an account that is written otherwise', claims({ email: EMAIL.toUpperCase() })],
    ['of no account', claims({ email: undefined })],
    ['of an account whose e-mail is not verified', claims({ email_verified: false })],
    ['of an account whose e-mail is verified in words', claims({ email_verified: 'true' })],
    ['that does not say whether the e-mail is verified', claims({ email_verified: undefined })],
    ['of another issuer', claims({ iss: 'https://accounts.evil.example' })],
    ['of no issuer', claims({ iss: undefined })],
    ['that has expired', (it) => tokenAt(it, { claims: { exp: relative(-61)(it), iat: relative(-HOUR)(it) } })],
    ['that never expires', claims({ exp: undefined })],
    ['that expires in text', claims({ exp: 'tomorrow' })],
    ['that is of the future', (it) => tokenAt(it, { claims: { iat: relative(120)(it), exp: relative(HOUR)(it) } })],
    ['that is not valid yet', (it) => tokenAt(it, { claims: { nbf: relative(120)(it) } })],
    [
      'that is too old, and valid for a year',
      (it) => tokenAt(it, { claims: { iat: relative(-3 * HOUR)(it), exp: relative(9000 * HOUR)(it) } }),
    ],
    ['that does not say when it was made', claims({ iat: undefined })],
    ['signed by a stranger', (it) => tokenAt(it, { key: stranger.privateKey })],
    [
      'signed by a stranger who brings the key',
      async (it) => tokenAt(it, { key: stranger.privateKey, header: { jwk: await jwk(stranger.publicKey, 'k1') } }),
    ],
    ['with a key that is not Google’s', (it) => tokenAt(it, { key: stranger.privateKey, header: { kid: 'k9' } })],
    ['that names another kind of key', (it) => tokenAt(it, { key: curve.privateKey, header: { alg: 'ES256' } })],
    [
      'signed with the public key as a secret',
      async (it) => {
        const [, payload] = (await tokenAt(it)).split('.');
        const text = `${base64({ alg: 'HS256', kid: 'k1' })}.${payload}`;
        const secret = JSON.stringify(await jwk(google.publicKey, 'k1'));
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
      },
    ],
    ['without a signature', async (it) => `${base64({ alg: 'none' })}.${(await tokenAt(it)).split('.')[1]}.`],
    ['with its signature cut off', async (it) => (await tokenAt(it)).replace(/\.[^.]*$/, '.')],
    ['with its signature cut short', async (it) => (await tokenAt(it)).slice(0, -8)],
    [
      'changed after it was signed',
      async (it) => withClaims(await tokenAt(it, { claims: { email: 'mallory@evil.example' } }), { email: EMAIL }),
    ],
    ['that is no token', async () => 'hunter2'],
    ['of empty parts', async () => '..'],
    ['that is endless', async (it) => tokenAt(it, { claims: { x: 'x'.repeat(9_000) } })],
  ])('%s', async (_, make) => {
    const { receiver } = await start();
    expect(await post(receiver, `Bearer ${await make(receiver)}`)).toBe(404);
    expect(receiver.calls).toEqual([]);
    expect(receiver.counted).toEqual(['GoogleContainerRegistry refused']);
  });

  test('under another scheme, or not given', async () => {
    const { keys, receiver } = await start();
    const token = await tokenAt(receiver);
    for (const header of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      token,
      `Basic ${token}`,
      `bearer ${token}`,
      `Bearer  ${token}`,
      `Bearer ${token} x`,
    ])
      expect(await post(receiver, header), header).toBe(404);
    expect(receiver.calls).toEqual([]);
    expect(keys.requests()).toBe(0);
  });
});

describe('a message', () => {
  test.each<[string, string, number]>([
    ['of a deletion', bodyOf({ action: 'DELETE', tag: 'gcr.io/a/b:1' }), 200],
    ['of another publisher', bodyOf('hello'), 200],
    ['of another form', bodyOf({ kind: 'storage#object' }), 200],
    ['without data', JSON.stringify({ message: { attributes: {} } }), 200],
    ['in lower case, of a digest alone', bodyOf({ action: 'insert', digest: `gcr.io/a/b@sha256:${'a'.repeat(64)}` }), 202],
    ['that names nothing', bodyOf({ action: 'INSERT' }), 400],
    ['of an image that is none', bodyOf({ action: 'INSERT', tag: ':::' }), 400],
    ['that is not in base64', JSON.stringify({ message: { data: '%%%' } }), 400],
    ['that is no message', '{}', 400],
  ])('%s is answered', async (_, body, status) => {
    const { receiver } = await start();
    expect(await post(receiver, `Bearer ${await tokenAt(receiver)}`, body)).toBe(status);
  });
});

describe('Google’s keys', () => {
  test('are fetched again when they change, and at most every ten seconds', async () => {
    const { keys, receiver } = await start();
    expect(await post(receiver, `Bearer ${await tokenAt(receiver)}`)).toBe(202);
    await keys.rotate();
    const renewed = { key: next.privateKey, header: { kid: 'k2' } };
    expect(await post(receiver, `Bearer ${await tokenAt(receiver, renewed)}`)).toBe(404);
    receiver.clock.advance(10_000);
    expect(await post(receiver, `Bearer ${await tokenAt(receiver, renewed)}`)).toBe(202);
    expect(await post(receiver, `Bearer ${await tokenAt(receiver)}`)).toBe(404);
    expect(keys.requests()).toBe(2);
    for (let number = 0; number < 20; number += 1)
      await post(receiver, `Bearer ${await tokenAt(receiver, { header: { kid: `k${number + 5}` } })}`);
    expect(keys.requests()).toBe(2);
  });

  const FAULTS: readonly (readonly [string, Handler])[] = [
    ['answers 503', (_, response) => response.writeHead(503).end()],
    ['answers 404', (_, response) => response.writeHead(404).end('hunter2')],
    ['answers 429', (_, response) => response.writeHead(429).end()],
    ['loses its connection', (request) => request.socket.destroy()],
    [
      'is cut in its answer',
      (_, response) => void response.writeHead(200, { 'content-length': '900' }).write('{"keys":[', () => response.destroy()),
    ],
    ['answers a page', (_, response) => response.writeHead(200).end('<html>hunter2</html>')],
    ['answers another document', (_, response) => response.writeHead(200).end('{"keys":"hunter2"}')],
    ['answers without end', (_, response) => response.writeHead(200).end(`{"keys":["${'x'.repeat(300_000)}`)],
    ['redirects', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ];

  test.each(FAULTS)('from a server that %s are not there: Pub/Sub is asked to send again', async (_, fault) => {
    const { keys, receiver } = await start();
    keys.fail(fault);
    const token = await tokenAt(receiver);
    expect(await post(receiver, `Bearer ${token}`)).toBe(503);
    expect(await post(receiver, `Bearer ${token}`)).toBe(503);
    expect(keys.requests()).toBe(1);
    expect(receiver.log()).toContain('cannot get Google');
    expect(receiver.log()).not.toContain('hunter2');
    keys.fail(undefined);
    receiver.clock.advance(10_000);
    expect(await post(receiver, `Bearer ${token}`)).toBe(202);
    expect(receiver.calls).toHaveLength(1);
  });

  test.each(sampled('ways to lose keys that are known', FAULTS, 1))(
    'from a server that later %s stay in use for a day',
    async (_, fault) => {
      const { keys, receiver } = await start();
      expect(await post(receiver, `Bearer ${await tokenAt(receiver)}`)).toBe(202);
      keys.fail(fault);
      receiver.clock.advance(23 * 60 * MINUTE);
      expect(await post(receiver, `Bearer ${await tokenAt(receiver)}`)).toBe(202);
      receiver.clock.advance(60 * MINUTE);
      expect(await post(receiver, `Bearer ${await tokenAt(receiver)}`)).toBe(503);
    },
  );
});
