import { describe, expect, test } from 'vitest';
import { loadEndpoints } from '../../../src/api/index.ts';
import { silentLogger } from '../../../src/base/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { CONFIG, hmac, pathOf, type Receiver, receive } from './fixture.ts';

function load(
  config: string,
  keys: Readonly<Record<string, string>> = { 'a.key': 'a', 'b.key': 'b', 'same.key': 'a', 'empty.key': '' },
) {
  const files = new Map([
    [CONFIG, config],
    ...Object.entries(keys).map(([name, key]) => [`/etc/webhooks/${name}`, key] as const),
  ]);
  return loadEndpoints(CONFIG, {
    readFile: async (path) => {
      const text = files.get(path);
      if (text === undefined) throw new Error(`ENOENT: ${path}`);
      return Buffer.from(text);
    },
    clock: new ManualClock(),
    log: silentLogger(),
  });
}

const CONFIGURATION = `
fluxRecvVersion: 1
api: http://localhost:3030/api/flux
endpoints:
- source: GitHub
  keyPath: a.key
- source: Nexus
  keyPath: b.key
  registryHost: nexus.example:5000
`;

test('the file of Flux v1s receiver is read as it is, and URLs end with the digests that it made', async () => {
  const endpoints = await load(CONFIGURATION);
  // printf a | sha256sum
  expect(await endpoints.find('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb')).toMatchObject({
    source: 'GitHub',
  });
  const withHost = pathOf({ key: 'b', registryHost: 'nexus.example:5000' }).slice('/hook/'.length);
  expect(await endpoints.find(withHost)).toMatchObject({ source: 'Nexus', registryHost: 'nexus.example:5000' });
  expect(await endpoints.find(pathOf({ key: 'b' }).slice('/hook/'.length))).toBeUndefined();
});

test('a line feed at the end of the key is part of it', async () => {
  const endpoints = await load('{fluxRecvVersion: 1, endpoints: [{source: GitHub, keyPath: a.key}]}', { 'a.key': 'a\n' });
  expect(await endpoints.find(pathOf({ key: 'a\n' }).slice('/hook/'.length))).toBeDefined();
  expect(await endpoints.find(pathOf({ key: 'a' }).slice('/hook/'.length))).toBeUndefined();
});

describe('refused at the start', () => {
  const endpoint = (text: string) => `{fluxRecvVersion: 1, endpoints: [${text}]}`;
  test.each([
    ['no YAML', 'a: [', 'line 1'],
    ['two documents', `${CONFIGURATION}\n---\na: 1`, 'exactly one'],
    ['nothing', '', 'exactly one'],
    ['another version', '{fluxRecvVersion: 2, endpoints: []}', 'fluxRecvVersion'],
    ['no endpoint', '{fluxRecvVersion: 1, endpoints: []}', 'endpoints'],
    [
      'a word that nobody knows',
      endpoint('{source: GitHub, keyPath: a.key, kyPath: b.key}'),
      'unknown field (did you mean keyPath?)',
    ],
    ['no key', endpoint('{source: GitHub}'), 'endpoints.0.keyPath'],
    ['an unknown source', endpoint('{source: Github, keyPath: a.key}'), 'expected one of GitHub, GitLab'],
    ['an unknown field', endpoint('{source: GitHub, keyPath: a.key, hunter2: 1}'), 'endpoints.0: unknown field'],
    ['a name from Object', endpoint('{source: constructor, keyPath: a.key}'), 'unknown source'],
    ['Google without an identity', endpoint('{source: GoogleContainerRegistry, keyPath: a.key}'), 'endpoints.0.gcr.audience'],
    [
      'Google without an e-mail',
      endpoint('{source: GoogleContainerRegistry, keyPath: a.key, gcr: {audience: flux}}'),
      'endpoints.0.gcr.email',
    ],
    [
      'Google with an unknown field',
      endpoint('{source: GoogleContainerRegistry, keyPath: a.key, gcr: {audience: flux, email: a@b, hunter2: 1}}'),
      'endpoints.0.gcr: unknown field',
    ],
    [
      'the same key twice',
      endpoint('{source: GitHub, keyPath: a.key}, {source: GitLab, keyPath: same.key}'),
      'hold the same key',
    ],
    [
      'a key that is not there',
      endpoint('{source: GitHub, keyPath: c.key}'),
      'invalid key c.key of the GitHub webhook: cannot read it',
    ],
    ['an empty key, by which anybody could sign (S-075)', endpoint('{source: GitHub, keyPath: empty.key}'), 'it is empty'],
  ])('%s', async (_, config, message) => {
    await expect(load(config)).rejects.toMatchObject({
      code: expect.stringMatching(/^webhooks\//),
      message: expect.stringContaining(message),
    });
  });

  test('a file that is not there', async () => {
    const nothing = { readFile: async () => Promise.reject(new Error('ENOENT')), clock: new ManualClock(), log: silentLogger() };
    await expect(loadEndpoints(CONFIG, nothing)).rejects.toMatchObject({ code: 'webhooks/bad-config' });
  });
});

describe('a key that changes on disk', () => {
  const KEY = 'the first key';
  const NEXT = 'the second key';
  const ping = (receiver: Receiver, key: string) =>
    receiver.post(
      { key },
      {
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'ping',
          'x-hub-signature-256': `sha256=${hmac(key, '{}')}`,
        },
        body: '{}',
      },
    );

  test('counts within seconds, and the old one no more', async () => {
    await using receiver = await receive([{ source: 'GitHub', key: KEY }]);
    receiver.files.set('/etc/webhooks/0.key', NEXT);
    expect((await ping(receiver, KEY)).status).toBe(200);
    receiver.clock.advance(5_000);
    expect((await ping(receiver, NEXT)).status).toBe(200);
    expect((await ping(receiver, KEY)).status).toBe(404);
    expect(receiver.log()).toContain('webhook endpoint has a new key');
  });

  test.each([
    ['gone', undefined],
    ['empty', ''],
  ])('closes its endpoint, and no other, while it is %s', async (_, content) => {
    await using receiver = await receive([
      { source: 'GitHub', key: KEY },
      { source: 'GitHub', key: 'another' },
    ]);
    if (content === undefined) receiver.files.delete('/etc/webhooks/0.key');
    else receiver.files.set('/etc/webhooks/0.key', content);
    for (let n = 0; n < 3; n++) {
      receiver.clock.advance(5_000);
      expect((await ping(receiver, KEY)).status).toBe(404);
      expect((await ping(receiver, '')).status).toBe(404);
      expect((await ping(receiver, 'another')).status).toBe(200);
    }
    expect(receiver.log().split('webhook endpoint closed')).toHaveLength(2);
    receiver.files.set('/etc/webhooks/0.key', KEY);
    receiver.clock.advance(5_000);
    expect((await ping(receiver, KEY)).status).toBe(200);
  });
});
