import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, proxyFor } from '../../../src/base/index.ts';
import { startProxy } from '../../git/support/connect-proxy.ts';
import { certificate, hasOpenssl } from '../../support/certificate.ts';

test.each<[string, Record<string, string>, string | undefined]>([
  ['https://a.example.org', {}, undefined],
  ['https://a.example.org', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
  ['https://a.example.org', { HTTPS_PROXY: 'p:1' }, 'http://p:1'],
  ['https://a.example.org', { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:1' }, 'http://q:1'],
  ['http://a.example.org', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['http://a.example.org', { HTTP_PROXY: 'http://p:1' }, 'http://p:1'],
  ['https://a.example.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'other, example.org' }, undefined],
  ['https://example.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.example.org' }, 'http://p:1'],
  ['https://aexample.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.org' }, 'http://p:1'],
  ['https://a.example.org:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example.org:6443' }, undefined],
  ['https://a.example.org:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example.org:443' }, 'http://p:1'],
  ['https://a.example.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example.org:443' }, undefined],
  ['http://a.example.org', { HTTP_PROXY: 'http://p:1', NO_PROXY: 'a.example.org:443' }, 'http://p:1'],
  ['https://[fd00::1]', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'fd00::1' }, undefined],
  ['https://[fd00::1]', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '[fd00::1]' }, undefined],
  ['https://[fd00::1]:5000', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '[fd00::1]:5000' }, undefined],
  ['https://[fd00::1]', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '[fd00::1]:5000' }, 'http://p:1'],
  ['https://a.example.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
  ['https://10.1.2.3:5000', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, undefined],
  ['https://11.1.2.3', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8,fd00::/8' }, 'http://p:1'],
  ['https://[fd00::1]', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'fd00::/8' }, undefined],
  ['https://a.example.org', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/99,/8' }, 'http://p:1'],
  ['https://169.254.169.254', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['http://169.254.170.23', { HTTP_PROXY: 'http://p:1' }, undefined],
  ['http://metadata.google.internal', { HTTP_PROXY: 'http://p:1' }, undefined],
  ['https://[fd00:ec2::254]', { HTTPS_PROXY: 'http://p:1' }, undefined],
])('the proxy for %s with %j is %s', (url, env, proxy) => {
  expect(proxyFor(url, env)).toBe(proxy);
});

test.each(['http://u:p%ss@p:1', 'u%:pass@p:1', 'http://u:p/w@p:1', 'http://'])(
  'a proxy that is no URL is named by its variable, without its password: %s',
  async (proxy) => {
    const transport = createHttpTransport({ proxyEnvironment: { HTTPS_PROXY: proxy } });
    onTestFinished(() => transport.close());
    await expect(transport.request({ url: 'https://a.example.org' })).rejects.toMatchObject({
      code: 'http/bad-proxy',
      message: 'HTTPS_PROXY is not the URL of a proxy',
      help: 'Write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with % as %25 and other special characters likewise.',
    });
  },
);

describe.runIf(hasOpenssl())('a request', () => {
  const secure = certificate();

  /** A server by TLS, and a proxy through which its port is reached by any name of this machine. */
  async function world(environment: (proxy: string) => Record<string, string>, trusted = true) {
    const server = createServer(secure, (_, response) => response.end('hello'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const proxy = await startProxy();
    // No name resolves here: only the proxy knows them.
    const transport = createHttpTransport({
      ...(trusted ? { tls: { ca: secure.cert } } : {}),
      proxyEnvironment: environment(proxy.url),
      lookup: (hostname, _, callback) => callback(Object.assign(new Error(`no ${hostname}`), { code: 'ENOTFOUND' }), '', 4),
    });
    onTestFinished(() => {
      transport.close();
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { transport, proxy, port, url: `https://localhost:${port}/` };
  }

  test('that is limited to public addresses goes through an internal proxy, which resolves the name', async () => {
    const { transport, proxy, url, port } = await world((at) => ({ HTTPS_PROXY: at }));
    const answer = await transport.request({ url, reach: 'public' });
    expect([answer.body.toString(), proxy.connects()]).toEqual(['hello', [`localhost:${port}`]]);
    // Of the server's address nothing is known.
    expect(answer.address).toBeUndefined();
  });

  test('to an address that it may not reach is refused with a proxy as well', async () => {
    const { transport, proxy, port } = await world((at) => ({ HTTPS_PROXY: at }));
    const request = transport.request({ url: `https://127.0.0.1:${port}/`, reach: 'public' });
    await expect(request).rejects.toMatchObject({ code: 'http/refused-address' });
    expect(proxy.connects()).toEqual([]);
  });

  test('to a host of NO_PROXY goes straight there', async () => {
    const { transport, proxy, port } = await world((at) => ({ HTTPS_PROXY: at, NO_PROXY: '127.0.0.0/8' }));
    const answer = await transport.request({ url: `https://127.0.0.1:${port}/`, reach: 'private' });
    expect([answer.body.toString(), answer.address, proxy.connects()]).toEqual(['hello', '127.0.0.1', []]);
  });

  test('to a host without a valid certificate may be allowed through a proxy too', async () => {
    const { transport, url } = await world((at) => ({ HTTPS_PROXY: at }), false);
    await expect(transport.request({ url })).rejects.toMatchObject({ code: 'http/connection' });
    const answer = await transport.request({ url, tls: { rejectUnauthorized: false } });
    expect(answer.body.toString()).toBe('hello');
  });
});
