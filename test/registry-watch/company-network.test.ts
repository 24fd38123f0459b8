import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startProxy } from '../git/support/connect-proxy.ts';
import { certificate, hasOpenssl } from '../support/certificate.ts';
import { thorough } from '../support/sampled.ts';

/** A registry by TLS with a certificate of a private authority, and a proxy. */
async function world() {
  const secure = certificate();
  const registry = createServer(secure, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ name: 'team/web', tags: ['1.0.0'] }));
  });
  await new Promise<void>((resolve) => {
    registry.listen(0, '127.0.0.1', resolve);
  });
  const directory = mkdtempSync(join(tmpdir(), 'company-'));
  const ca = join(directory, 'ca.pem');
  writeFileSync(ca, secure.cert);
  onTestFinished(() => {
    registry.closeAllConnections();
    registry.close();
    rmSync(directory, { recursive: true });
  });
  const place = `localhost:${(registry.address() as AddressInfo).port}`;
  const scan = async (environment: Readonly<Record<string, string>>): Promise<unknown> => {
    const program = join(import.meta.dirname, 'scan-process.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program, `${place}/team/web`], { env: environment });
    return JSON.parse(stdout);
  };
  return { proxy: await startProxy(), ca, place, scan };
}

describe.runIf(hasOpenssl())('a registry in the network of a company', () => {
  test('is reached through its proxy, and trusted by its authority', async () => {
    const { proxy, ca, place, scan } = await world();
    expect(await scan({ HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: ca })).toEqual({ tags: ['1.0.0'] });
    expect(proxy.connects()).toEqual([place]);
  });

  test.runIf(thorough('registries without proxy and without authority'))(
    'is reached directly by NO_PROXY, and not trusted without its authority',
    async () => {
      const { proxy, ca, place, scan } = await world();
      const environment = { HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost' };
      expect(await scan({ ...environment, NODE_EXTRA_CA_CERTS: ca })).toEqual({ tags: ['1.0.0'] });
      expect(proxy.connects()).toEqual([]);
      expect(await scan(environment)).toEqual({
        tags: [],
        error: expect.stringContaining(`GET https://${place}/v2/team/web/tags/list: self-signed certificate`),
      });
    },
  );
});
