import { describe, expect, test } from 'vitest';
import { sendRaw } from '../daemon-fixture.ts';
import { hmac, pathOf, receive } from './fixture.ts';
import { SAMPLES, type Sample, UNSIGNED } from './samples.ts';

const KEY = 'c0ffee-canary-5d41402abc4b2a76';
const OTHER_KEY = 'another-canary-7d793037a0760186';
const JSON_TYPE = { 'content-type': 'application/json' };

const endpointsOf = ({ source, registryHost }: Sample) => [
  { source, key: KEY, ...(registryHost === undefined ? {} : { registryHost }) },
  { source: 'Generic', key: OTHER_KEY },
];
const target = ({ registryHost }: Sample) => ({ key: KEY, ...(registryHost === undefined ? {} : { registryHost }) });

describe.each(SAMPLES.map((sample) => [sample.source, sample] as const))('%s', (source, sample) => {
  const body = JSON.stringify(sample.payload);
  const signed = { ...JSON_TYPE, ...sample.headers, ...sample.sign(KEY, body) };

  test('with the right signature is told to the daemon', async () => {
    await using receiver = await receive(endpointsOf(sample));
    expect(await receiver.post(target(sample), { headers: signed, body })).toMatchObject({ status: 202, body: 'accepted\n' });
    expect(receiver.calls).toEqual(sample.tells.map((argument) => ({ name: 'notify', argument })));
    expect(receiver.counted).toEqual([`${source} accepted`]);
  });

  if (UNSIGNED.includes(source)) {
    test('is believed by its URL, and by no other', async () => {
      await using receiver = await receive(endpointsOf(sample));
      const right = pathOf(target(sample));
      for (const path of [
        right.slice(0, -1),
        `${right}0`,
        right.toUpperCase(),
        pathOf({ key: OTHER_KEY }),
        pathOf({ key: '' }),
        '/hook/',
      ])
        expect((await receiver.post(path, { headers: signed, body })).status, path).toBe(404);
      expect(receiver.calls).toEqual([]);
    });
    return;
  }

  const names = Object.keys(sample.sign(KEY, body));
  /** Some send the key itself. */
  const signsBody = JSON.stringify(sample.sign(KEY, 'a')) !== JSON.stringify(sample.sign(KEY, 'b'));
  const change = (edit: (value: string) => string) =>
    Object.fromEntries(Object.entries(sample.sign(KEY, body)).map(([name, value]) => [name, edit(value)]));
  const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['none', {}],
    ['an empty one', change(() => '')],
    ['the prefix alone', change((value) => value.slice(0, value.indexOf('=') + 1))],
    ['one cut short', change((value) => value.slice(0, -1))],
    ['one with more behind it', change((value) => `${value}0`)],
    ['one in capitals', change((value) => value.toUpperCase())],
    ['one with another prefix', change((value) => `sha512=${value.replace(/^.*=/, '')}`)],
    ['one with a digit changed', change((value) => value.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')))],
    ...(signsBody ? [['one of another body', sample.sign(KEY, `${body} `)] as const] : []),
    ['one by the key of another endpoint', sample.sign(OTHER_KEY, body)],
    ['one by an empty key', sample.sign('', body)],
    ['the digest of the key', change(() => pathOf({ key: KEY }).slice('/hook/'.length))],
    ['one under a name of its own', { 'x-my-signature': `sha256=${hmac(KEY, body)}` }],
  ];
  test.each(wrong)('is refused with %s (S-075)', async (_, signature) => {
    await using receiver = await receive(endpointsOf(sample));
    const answer = await receiver.post(target(sample), { headers: { ...JSON_TYPE, ...sample.headers, ...signature }, body });
    expect(answer.status).toBe(404);
    expect(receiver.calls).toEqual([]);
    expect(receiver.counted).toEqual([`${source} refused`]);
  });

  if (!names.includes('authorization')) {
    // Node keeps the first Authorization of two.
    test('is refused with its signature given twice (S-075)', async () => {
      await using receiver = await receive(endpointsOf(sample));
      const lines = Object.entries(signed).flatMap(([name, value]) => {
        const line = `${name}: ${value}\r\n`;
        return names.includes(name) ? [line, line] : [line];
      });
      const request = `POST ${pathOf(target(sample))} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n`;
      expect(await sendRaw(receiver.port, `${request}${lines.join('')}\r\n${body}`)).toMatch(/^HTTP\/1.1 404 /);
      expect(receiver.calls).toEqual([]);
    });
  }

  if (signsBody) {
    test('is refused when the same JSON is written otherwise (S-075)', async () => {
      await using receiver = await receive(endpointsOf(sample));
      const spaced = JSON.stringify(sample.payload, undefined, 1);
      expect((await receiver.post(target(sample), { headers: signed, body: spaced })).status).toBe(404);
      expect(receiver.calls).toEqual([]);
    });
  }

  test('is refused on the endpoint of another source, under the right key', async () => {
    const stranger = source === 'Generic' ? 'Gitea' : 'Generic';
    await using receiver = await receive([{ source: stranger, key: KEY }]);
    expect((await receiver.post({ key: KEY }, { headers: signed, body })).status).toBe(404);
    expect(receiver.calls).toEqual([]);
  });

  test('leaves no trace of key or signature in the log (S-074)', async () => {
    await using receiver = await receive(endpointsOf(sample));
    await receiver.post(target(sample), { headers: signed, body });
    await receiver.post(target(sample), { headers: { ...signed, ...change((value) => `${value}0`) }, body });
    await receiver.post(target(sample), { headers: signed, body: 'not JSON' });
    await receiver.post(pathOf(target(sample)), { method: 'GET', headers: signed });
    const secrets = [KEY, pathOf(target(sample)).slice('/hook/'.length), ...Object.values(sample.sign(KEY, body))];
    for (const secret of secrets) expect(receiver.log()).not.toContain(secret.replace(/^.*=/, '').slice(0, 16));
  });
});

test('SHA-1 alone is not enough for GitHub', async () => {
  await using receiver = await receive([{ source: 'GitHub', key: KEY }]);
  const headers = { ...JSON_TYPE, 'x-github-event': 'ping', 'x-hub-signature': `sha1=${hmac(KEY, '{}', 'sha1')}` };
  expect((await receiver.post({ key: KEY }, { headers, body: '{}' })).status).toBe(404);
});
