import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contextNamespace, openPortForward } from '../../src/cluster/port-forward/index.ts';

/** An API server with pods whose port-forward answers each connection like a small HTTP daemon. */
class PodServer {
  /** Names of running pods by selector. */
  pods: Readonly<Record<string, readonly string[]>> = {};
  readonly asked: URL[] = [];
  readonly forwarded: string[] = [];
  status = 200;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://server');
    this.asked.push(url);
    const names = this.pods[url.searchParams.get('labelSelector') ?? ''] ?? [];
    response.writeHead(this.status, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        this.status === 200
          ? {
              kind: 'PartialObjectMetadataList',
              metadata: { resourceVersion: '1' },
              items: names.map((name) => ({ metadata: { name } })),
            }
          : { kind: 'Status', message: 'pods is forbidden', reason: 'Forbidden' },
      ),
    );
  });

  async start(): Promise<number> {
    this.#server.on('upgrade', (request, socket) => {
      this.forwarded.push(request.url ?? '');
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
      );
      // Each channel opens with the port number: data on 0, errors on 1.
      for (const channel of [0, 1]) socket.write(frame(Buffer.from([channel, 3030 & 255, 3030 >> 8])));
      socket.on('data', (chunk: Buffer) => {
        const payload = unmask(chunk);
        if (payload?.[0] !== 0) return;
        const [line = ''] = payload.subarray(1).toString().split('\r\n');
        const body = `pong ${line}`;
        socket.write(
          frame(Buffer.from(`\0HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`)),
        );
      });
      socket.on('error', () => socket.destroy());
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function frame(payload: Buffer): Buffer {
  const head = payload.length < 126 ? [0x82, payload.length] : [0x82, 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Payload of one masked binary frame; undefined for others. */
function unmask(chunk: Buffer): Buffer | undefined {
  if (((chunk[0] ?? 0) & 15) !== 2) return undefined;
  const short = (chunk[1] ?? 0) & 127;
  const at = short === 126 ? 4 : 2;
  const mask = chunk.subarray(at, at + 4);
  return Buffer.from(chunk.subarray(at + 4).map((byte, n) => byte ^ (mask[n % 4] ?? 0)));
}

let server: PodServer;
let directory: string;
let kubeconfigFile: string;

beforeEach(async () => {
  server = new PodServer();
  const port = await server.start();
  directory = mkdtempSync(join(tmpdir(), 'flux-forward-'));
  kubeconfigFile = join(directory, 'kubeconfig');
  writeFileSync(
    kubeconfigFile,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [
        { name: 'x', context: { cluster: 'c', user: 'u' } },
        { name: 'shop', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      ],
      'current-context': 'x',
    }),
  );
});
afterEach(() => {
  server.stop();
  rmSync(directory, { recursive: true });
});

const open = (labelSelectors: readonly string[]) =>
  openPortForward({ kubeconfigFile, namespace: 'flux', labelSelectors, port: 3030 });

describe('the way to the daemon', () => {
  test('a local port leads to the pod, for any number of connections', async () => {
    server.pods = { 'app=flux': ['flux-1'] };
    const forward = await open(['app=flux']);
    expect(forward.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const answers = await Promise.all([1, 2, 3].map(async (n) => (await fetch(`${forward.url}/ping-${n}`)).text()));
    expect(answers).toEqual([1, 2, 3].map((n) => `pong GET /ping-${n} HTTP/1.1`));
    expect(new Set(server.forwarded)).toEqual(new Set(['/api/v1/namespaces/flux/pods/flux-1/portforward?ports=3030']));
    forward.close();
    await expect(fetch(forward.url)).rejects.toThrow();
  });

  test('only running pods of the namespace count', async () => {
    server.pods = { 'app=flux': ['flux-1'] };
    (await open(['app=flux'])).close();
    expect(server.asked[0]?.pathname).toBe('/api/v1/namespaces/flux/pods');
    expect(server.asked[0]?.searchParams.get('fieldSelector')).toBe('status.phase=Running');
  });

  test('selectors are tried in their order', async () => {
    server.pods = { 'name in (flux,fluxd)': ['old-flux'] };
    (await open(['app=flux', 'name in (flux,fluxd)'])).close();
    expect(server.asked.map((url) => url.searchParams.get('labelSelector'))).toEqual(['app=flux', 'name in (flux,fluxd)']);
  });

  test('two pods are one too many', async () => {
    server.pods = { 'app=flux': ['a', 'b'] };
    await expect(open(['app=flux', 'other'])).rejects.toMatchObject({
      code: 'cluster/ambiguous-pod',
      message: 'Ambiguous pod: found more than one pod for selector: labels "app=flux"',
    });
  });

  test('no pod is told with where it was looked for', async () => {
    await expect(open(['app=flux', 'name in (flux,fluxd,weave-flux-agent)'])).rejects.toMatchObject({
      code: 'cluster/no-pod',
      message: [
        'No pod found in namespace "flux" using the following selectors:',
        '  app=flux',
        '  name in (flux,fluxd,weave-flux-agent)',
        '',
        'Make sure Flux is running in namespace "flux".',
        'If Flux is running in another different namespace, please supply it to --k8s-fwd-ns.',
      ].join('\n'),
    });
  });

  test('missing rights and missing labels are told in Flux v1’s words', async () => {
    await expect(open([])).rejects.toThrow('No pod labels specified');
    server.status = 403;
    await expect(open(['app=flux'])).rejects.toThrow('Could not create a dialer: Could not get pod name: pods is forbidden');
  });
});

describe('the namespace of a context', () => {
  test('is that of the context, else default', async () => {
    expect(await contextNamespace({ kubeconfigFile })).toBe('default');
    expect(await contextNamespace({ kubeconfigFile, context: 'shop' })).toBe('shop');
  });

  test('an unknown context is told in Flux v1’s words', async () => {
    await expect(contextNamespace({ kubeconfigFile, context: 'nope' })).rejects.toThrow(
      'Could not load kubernetes configuration file: context "nope" does not exist',
    );
  });
});
