import type { LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createHttpTransport, type HttpTransport } from '../../../src/base/index.ts';
import type { LockedChart } from '../../../src/resource/index.ts';
import { setup, sha256 } from './chart-host.ts';

const ARCHIVE = Buffer.from('the archive of a chart');
const DIGEST = sha256(ARCHIVE);

const oci = (host: string): LockedChart => ({ kind: 'oci', url: `oci://${host}/charts/web`, version: '1.0.0', digest: DIGEST });
const archive = (url: string): LockedChart => ({
  ...{ kind: 'repository', repository: 'https://charts.example.org', name: 'web', url },
  ...{ version: '1.0.0', digest: DIGEST },
});

/** A network in which each name has these addresses, the first one at first. Nothing is ever sent. */
function network(addresses: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const lookup: LookupFunction = (name, _, callback) => {
    const known = addresses[name] ?? ['203.0.113.1'];
    const address = known[Math.min(asked.filter((each) => each === name).length, known.length - 1)] ?? '';
    asked.push(name);
    callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  };
  return { asked, http: () => createHttpTransport({ lookup }) };
}

describe('S-012 a chart comes from no address of the network of fluxd:', () => {
  test.each([
    ...['127.0.0.1', '127.1', '0x7f.1', '2130706433', '10.1.2.3', '192.168.0.1', '169.254.169.254', '100.100.100.200', '0.0.0.0'],
    ...['[::1]', '[::ffff:127.0.0.1]', '[::ffff:169.254.169.254]', '[fd00::1]', '[64:ff9b::10.0.0.1]'],
    ...[
      'localhost',
      'localhost.',
      'a.localhost',
      'kubernetes.default.svc',
      'kubernetes',
      'printer.local',
      'metadata.google.internal',
    ],
  ])('%s', async (host) => {
    const { http, asked } = network({});
    const { archives } = setup({ http, insecureHosts: [] });
    await expect(archives.fetch(archive(`https://${host}/web.tgz`))).rejects.toMatchObject({
      code: expect.stringMatching(/^(helm\/host-not-allowed|http\/refused-address)$/),
    });
    expect(asked).toEqual([]);
    if (host.startsWith('[')) return;
    await expect(archives.fetch(oci(host))).rejects.toMatchObject({
      code: expect.stringMatching(/^(helm\/host-not-allowed|http\/refused-address|registry\/bad-name)$/),
    });
  });

  test.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', 'fe80::1', '::ffff:10.0.0.1'])('a name of %s', async (address) => {
    const { http } = network({ 'charts.example.org': [address] });
    const { archives } = setup({ http, insecureHosts: [] });
    const refused = { code: 'http/refused-address', message: expect.stringContaining('charts.example.org is at an address') };
    await expect(archives.fetch(archive('https://charts.example.org/web.tgz'))).rejects.toMatchObject(refused);
    await expect(archives.fetch(oci('charts.example.org'))).rejects.toMatchObject(refused);
  });

  test('a metadata service, also where the operator lists it', async () => {
    const { http } = network({ 'charts.corp.example': ['169.254.169.254'] });
    const { archives } = setup({ http, insecureHosts: ['169.254.169.254'], internalHosts: ['charts.corp.example'] });
    await expect(archives.fetch(archive('http://169.254.169.254/web.tgz'))).rejects.toMatchObject({
      code: 'helm/host-not-allowed',
    });
    await expect(archives.fetch(archive('https://charts.corp.example/web.tgz'))).rejects.toMatchObject({
      code: 'http/refused-address',
    });
  });

  test('without TLS, unless the operator lists the host', async () => {
    const { archives } = setup({ insecureHosts: ['other.example'] });
    await expect(archives.fetch(archive('http://charts.example.org/web.tgz'))).rejects.toMatchObject({
      code: 'helm/host-not-allowed',
      message: expect.stringContaining('charts.example.org would be contacted without TLS'),
    });
  });
});

/** Answers by URL, as of hosts at addresses; what has no answer is 404. Notes what was sent. */
function answering(
  answers: Readonly<Record<string, { status?: number; headers?: Record<string, string>; body?: Buffer; address?: string }>>,
) {
  const sent: { readonly url: string; readonly reach: unknown; readonly authorization: string | undefined }[] = [];
  const http = (): HttpTransport => ({
    async request({ url, reach, headers = {} }) {
      sent.push({ url: String(url), reach, authorization: headers.authorization });
      const {
        status = 200,
        headers: found = {},
        body = Buffer.alloc(0),
        address = '203.0.113.1',
      } = answers[String(url)] ?? { status: 404 };
      return { status, headers: found, body, address };
    },
    stream: () => Promise.reject(new Error('nothing is streamed')),
    close: () => undefined,
  });
  return { sent, http };
}

describe('S-012 what a public host refers to', () => {
  const URL_OF_CHART = 'https://charts.example.org/web.tgz';
  test.each([
    ...['http://charts.example.org/web.tgz', 'https://10.0.0.1/', 'https://localhost/', 'https://kubernetes.default.svc/'],
    ...['https://169.254.169.254/latest', 'file:///etc/passwd', 'https://user:pw@other.example/', '//127.0.0.1/'],
  ])('is not asked at %s', async (location) => {
    const { http, sent } = answering({ [URL_OF_CHART]: { status: 302, headers: { location } } });
    const { archives } = setup({ http, insecureHosts: [] });
    await expect(archives.fetch(archive(URL_OF_CHART))).rejects.toMatchObject({ code: 'registry/bad-redirect' });
    expect(sent.map(({ url }) => url)).toEqual([URL_OF_CHART]);
  });

  test('is asked at another public host, without the credential, and at public addresses only', async () => {
    const other = 'https://cdn.example.net/web.tgz';
    const { http, sent } = answering({
      [URL_OF_CHART]: { status: 302, headers: { location: other } },
      [other]: { body: ARCHIVE },
    });
    const { archives } = setup({
      http,
      insecureHosts: [],
      credentials: { 'charts.example.org': 'me:pw', 'cdn.example.net': 'you:pw' },
    });
    expect(await archives.fetch(archive(URL_OF_CHART))).toEqual(ARCHIVE);
    expect(sent).toEqual([
      { url: URL_OF_CHART, reach: 'public', authorization: 'Basic bWU6cHc=' },
      { url: other, reach: 'public', authorization: undefined },
    ]);
  });

  test('as a token service is asked at public addresses only, also if it is the same host', async () => {
    const blob = `https://charts.example.org/v2/charts/web/blobs/${DIGEST}`;
    const challenge = (realm: string) => ({
      [blob]: { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } },
    });
    const { http, sent } = answering(challenge('https://charts.example.org/token'));
    await expect(setup({ http, insecureHosts: [] }).archives.fetch(oci('charts.example.org'))).rejects.toThrow(
      'token as <zero creds>: status 404',
    );
    expect(sent.map(({ url, reach }) => [new URL(url).pathname, reach])).toEqual([
      [new URL(blob).pathname, 'public'],
      ['/token', 'public'],
    ]);
    const inside = answering(challenge('https://10.0.0.1/token'));
    await expect(setup({ http: inside.http, insecureHosts: [] }).archives.fetch(oci('charts.example.org'))).rejects.toMatchObject(
      {
        code: 'registry/foreign-realm',
      },
    );
  });
});

test('a host of the own network that the operator lists is asked, and may refer to others there', async () => {
  const url = 'https://charts.corp.internal:8443/web.tgz';
  const store = 'https://10.0.0.7/web.tgz';
  const { http, sent } = answering({
    [url]: { status: 302, headers: { location: store }, address: '10.0.0.6' },
    [store]: { body: ARCHIVE, address: '10.0.0.7' },
  });
  const { archives } = setup({ http, insecureHosts: [], internalHosts: ['charts.corp.internal:8443'] });
  expect(await archives.fetch(archive(url))).toEqual(ARCHIVE);
  expect(sent.map(({ reach }) => reach)).toEqual(['private', 'private']);
  await expect(archives.fetch(archive('https://charts.corp.internal/other.tgz'))).resolves.toEqual(ARCHIVE);
});
