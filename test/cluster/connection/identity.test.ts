import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import { type Certificate, certificate, hasOpenssl } from '../../support/certificate.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { havePart } from '../../support/part.ts';
import { JumpClock } from '../world.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flux-identity-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
});

async function listening(server: http.Server | https.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe.runIf(havePart('openssl', hasOpenssl()))('a client certificate', () => {
  const ours = certificate();
  /** The callers' certificates, one for each request. */
  const callers: (string | undefined)[] = [];
  let connections = 0;
  let refused: string | undefined;
  let port: number;

  beforeEach(async () => {
    callers.length = 0;
    connections = 0;
    refused = undefined;
    const server = https.createServer({ ...ours, requestCert: true, rejectUnauthorized: false }, (incoming, outgoing) => {
      const caller = (incoming.socket as TLSSocket).getPeerX509Certificate()?.toString();
      callers.push(caller);
      outgoing.writeHead(caller === refused ? 401 : 200, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ gitVersion: 'v1.34.4' }));
    });
    server.on('secureConnection', () => {
      connections += 1;
    });
    port = await listening(server);
  });

  function writeKubeconfig({ cert, key }: Certificate, cluster: Record<string, unknown> = {}): string {
    const file = join(directory, 'kubeconfig');
    const server = `https://127.0.0.1:${port}`;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'it',
      contexts: [{ name: 'it', context: { cluster: 'it', user: 'us' } }],
      clusters: [{ name: 'it', cluster: { server, 'certificate-authority-data': base64(ours.cert), ...cluster } }],
      users: [{ name: 'us', user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  async function connect(kubeconfigFile: string, clock = new JumpClock()): Promise<Cluster> {
    const cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock, log: silentLogger() });
    cleanups.push(() => cluster.close());
    return cluster;
  }

  test('keeps its connection, though it is looked at anew every few seconds', async () => {
    const me = certificate();
    const clock = new JumpClock();
    const cluster = await connect(writeKubeconfig(me), clock);
    for (let n = 0; n < 3; n++) {
      expect(await cluster.version()).toBe('v1.34.4');
      clock.time += 60_000;
    }
    expect(callers).toEqual([me.cert, me.cert, me.cert]);
    expect(connections).toBe(1);
  });

  test('that was replaced is shown on a connection of its own (R-010)', async () => {
    const [old, fresh] = [certificate(), certificate()];
    const cluster = await connect(writeKubeconfig(old));
    await cluster.version();
    refused = old.cert;
    writeKubeconfig(fresh);
    expect(await cluster.version()).toBe('v1.34.4');
    expect(callers).toEqual([old.cert, old.cert, fresh.cert]);
  });

  test('is shown through a proxy as well', async () => {
    const me = certificate();
    const asked: (string | undefined)[] = [];
    const proxy = http.createServer().on('connect', (request, socket) => {
      asked.push(request.url);
      const upstream = net.connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      upstream.on('error', () => socket.destroy()).pipe(socket);
      socket.on('error', () => upstream.destroy()).pipe(upstream);
    });
    const url = `http://127.0.0.1:${await listening(proxy)}`;
    const cluster = await connect(writeKubeconfig(me, { 'proxy-url': url }));
    expect(await cluster.version()).toBe('v1.34.4');
    expect(callers).toEqual([me.cert]);
    expect(asked).toEqual([`127.0.0.1:${port}`]);
  });

  test('that cannot be read is an error that names TLS', async () => {
    const cluster = await connect(writeKubeconfig({ cert: 'no certificate', key: 'no key' }));
    await expect(cluster.version()).rejects.toMatchObject({ code: 'cluster/tls' });
  });
});
