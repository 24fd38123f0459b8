import http from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, type HttpTransport } from '../../../src/base/index.ts';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';
import { failureOf } from './failure-of.ts';
import { listen } from './listening.ts';

const certificate = selfSignedCertificate(Date.now());

/** A server that answers with the path it was asked for, and a way to it, by each version. */
async function both(): Promise<readonly { readonly origin: string; readonly transport: HttpTransport }[]> {
  const one = await listen(
    http.createServer(({ url }, outgoing) => outgoing.end(url)),
    { scheme: 'http', connected: 'connection' },
  );
  const two = await listen(
    createSecureServer(certificate, ({ url }: Http2ServerRequest, outgoing: Http2ServerResponse) => void outgoing.end(url)),
    { scheme: 'https', connected: 'secureConnection' },
  );
  const transport = createHttpTransport({ http2: true, tls: { ca: certificate.cert } });
  onTestFinished(async () => {
    transport.close();
    await Promise.all([one.stop(), two.stop()]);
  });
  return [one, two].map(({ origin }) => ({ origin, transport }));
}

test('a path that is given stands in place of that of the URL, by HTTP/1.1 and HTTP/2', async () => {
  for (const { origin, transport } of await both()) {
    const url = new URL('/not/this?nor=this', origin);
    const { body } = await transport.request({ url, path: '/api/v1/a%20b?limit=1' });
    expect(String(body)).toBe('/api/v1/a%20b?limit=1');
    expect(String((await transport.request({ url })).body)).toBe('/not/this?nor=this');
  }
});

test('a path that would not arrive as it is goes nowhere', async () => {
  for (const { origin, transport } of await both()) {
    for (const path of ['', 'api', '/a b', '/a\r\nx-injected: 1', '/ä', '/a\0']) {
      const error = await failureOf(transport.request({ url: new URL(origin), path: `${path}?token=secret` }));
      expect(error).toMatchObject({ code: 'http/bad-url', fault: 'user' });
      expect(error.message).not.toContain('secret');
    }
  }
});

test('an error names the path that was given, without its query', async () => {
  for (const { origin, transport } of await both()) {
    const error = await failureOf(
      transport.request({ url: new URL('/other', origin), path: '/large?token=secret', maxBytes: 1 }),
    );
    expect(error).toMatchObject({ code: 'http/too-large', message: expect.stringContaining(`GET ${origin}/large: `) });
    expect(error.message).not.toContain('secret');
  }
});
