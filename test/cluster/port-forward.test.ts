import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contextNamespace, openPortForward, type PortForwardOptions } from '../../src/cluster/port-forward/index.ts';
import { proxyForCluster } from '../../src/cluster/port-forward/proxy.ts';
import { until } from '../support/until.ts';
import { PodServer } from './pod-server.ts';

let server: PodServer;
let directory: string;
let kubeconfigFile: string;

beforeEach(async () => {
  server = new PodServer();
  const port = await server.start();
  directory = mkdtempSync(join(tmpdir(), 'flux-forward-'));
  kubeconfigFile = join(directory, 'kubeconfig');
  writeKubeconfig({ cluster: { server: `http://127.0.0.1:${port}` } });
});
afterEach(() => {
  server.stop();
  rmSync(directory, { recursive: true });
});

let servedAt: object;

function writeKubeconfig({
  cluster = servedAt,
  user = { token: 't' },
}: {
  readonly cluster?: object;
  readonly user?: object;
}): void {
  servedAt = cluster;
  const contexts = [
    { name: 'x', context: { cluster: 'c', user: 'u' } },
    { name: 'shop', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
  ];
  const kubeconfig = { clusters: [{ name: 'c', cluster }], users: [{ name: 'u', user }], contexts, 'current-context': 'x' };
  writeFileSync(kubeconfigFile, JSON.stringify(kubeconfig));
}

const open = (labelSelectors: readonly string[], more: Partial<PortForwardOptions> = {}) =>
  openPortForward({ kubeconfigFile, namespace: 'flux', labelSelectors, port: 3030, ...more });

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

  test('nothing is left open behind it, although the server does not answer the end of a stream', async () => {
    server.pods = { 'app=flux': ['flux-1'] };
    const forward = await open(['app=flux']);
    await (await fetch(forward.url)).text();
    expect(server.connections).toBeGreaterThan(0);
    forward.close();
    await until('every connection to the server has ended', () => server.connections === 0);
  });

  test('a connection that ends before the server has opened its stream leaves none behind', async () => {
    server.pods = { 'app=flux': ['flux-1'] };
    const { promise, resolve: openStream } = Promise.withResolvers<void>();
    server.opening = promise;
    const forward = await open(['app=flux']);
    const socket = connect(Number(new URL(forward.url).port), '127.0.0.1').on('error', () => {});
    await until('the server is asked for a stream', () => server.forwarded.length === 1);
    forward.close();
    await until('the connection has ended', () => socket.closed);
    openStream();
    await until('every connection to the server has ended', () => server.connections === 0);
  });

  test('when the pod was replaced it leads to the new one', async () => {
    server.pods = { 'app=flux': ['flux-1'] };
    const forward = await open(['app=flux']);
    server.pods = { 'app=flux': ['flux-2'] };
    server.gone = ['flux-1'];
    expect(await (await fetch(`${forward.url}/ping`)).text()).toBe('pong GET /ping HTTP/1.1');
    expect(server.forwarded.map((path) => /flux-\d/.exec(path)?.[0])).toEqual(['flux-1', 'flux-2']);
    forward.close();
  });

  test('what went wrong with an earlier connection is not told of a later one', async () => {
    server.pods = { 'app=flux': ['flux-1'] };
    const forward = await open(['app=flux']);
    server.upgradeStatus = 403;
    await expect(fetch(forward.url)).rejects.toThrow();
    expect(forward.failure()).toMatchObject({ code: 'cluster/forbidden' });
    server.upgradeStatus = 101;
    await fetch(forward.url);
    expect(forward.failure()).toBeUndefined();
    forward.close();
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

  test('two pods are one too many (INST-8)', async () => {
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

  test.each([
    ['one', [{ namespace: 'ops', name: 'flux-1' }], ['It runs in namespace "ops": --k8s-fwd-ns=ops']],
    [
      'several',
      [
        { namespace: 'b', name: 'flux-1' },
        { namespace: 'a', name: 'flux-1' },
        { namespace: 'a', name: 'flux-2' },
      ],
      ['It runs in namespace "a": --k8s-fwd-ns=a', 'It runs in namespace "b": --k8s-fwd-ns=b'],
    ],
    ['none that may be known', undefined, []],
  ])('another namespace that has a daemon is named: %s', async (_case, elsewhere, lines) => {
    server.elsewhere = elsewhere;
    const refused = await open(['app=flux']).catch((error: Error) => error.message);
    const last = 'If Flux is running in another different namespace, please supply it to --k8s-fwd-ns.';
    expect(String(refused).split('\n').slice(5)).toEqual(lines);
    expect(String(refused).split('\n')[4]).toBe(last);
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

describe('credentials and networks', () => {
  test('an exec plugin gives the token', async () => {
    const plugin = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', PLUGIN],
      interactiveMode: 'Never',
    };
    writeKubeconfig({ user: { exec: plugin } });
    server.pods = { 'app=flux': ['flux-1'] };
    const forward = await open(['app=flux']);
    expect(await (await fetch(`${forward.url}/ping`)).text()).toBe('pong GET /ping HTTP/1.1');
    forward.close();
    expect(new Set(server.authorizations)).toEqual(new Set(['Bearer of-the-plugin']));
  });

  test.each<[string, (proxy: string) => { readonly cluster?: object; readonly env?: Readonly<Record<string, string>> }, boolean]>(
    [
      ['of the kubeconfig', (proxy) => ({ cluster: { 'proxy-url': proxy } }), true],
      ['of the environment', (proxy) => ({ env: { HTTPS_PROXY: proxy } }), true],
      [
        'that the environment excepts this server from',
        (proxy) => ({ env: { HTTPS_PROXY: proxy, NO_PROXY: 'api.example.org' } }),
        false,
      ],
    ],
  )('everything goes through the proxy %s', async (_case, given, works) => {
    const secure = new PodServer({ secure: true });
    const port = await secure.start();
    const proxy = await Passage.start(port);
    const { cluster = {}, env = {} } = given(proxy.url);
    writeKubeconfig({
      cluster: {
        server: `https://api.example.org:${port}`,
        'tls-server-name': 'localhost',
        'certificate-authority-data': Buffer.from(secure.certificate.cert).toString('base64'),
        ...cluster,
      },
    });
    secure.pods = { 'app=flux': ['flux-1'] };
    try {
      if (!works) {
        await expect(open(['app=flux'], { env })).rejects.toThrow('Could not get pod name');
        expect(proxy.asked).toEqual([]);
        return;
      }
      const forward = await open(['app=flux'], { env });
      expect(await (await fetch(`${forward.url}/ping`)).text()).toBe('pong GET /ping HTTP/1.1');
      forward.close();
      expect(new Set(proxy.asked)).toEqual(new Set([`api.example.org:${port}`]));
      expect(proxy.asked.length).toBeGreaterThanOrEqual(2);
    } finally {
      proxy.stop();
      secure.stop();
    }
  });

  test.each<[string, Record<string, string>, string | undefined]>([
    ['https://a.example.org:6443', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
    ['https://a.example.org:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.org' }, undefined],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://localhost', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ])('the proxy for %s with %j', (url, env, proxy) => {
    expect(proxyForCluster(url, env)).toBe(proxy);
  });
});

const PLUGIN = `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"of-the-plugin"}}'`;

/** A proxy for CONNECT that leads everything to one port of this machine. */
class Passage {
  readonly asked: string[] = [];
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();

  static async start(port: number): Promise<Passage> {
    const proxy = new Passage();
    proxy.#server.on('connect', (request, socket) => {
      proxy.asked.push(request.url ?? '');
      const onward = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      for (const each of [onward, socket as Socket]) {
        proxy.#sockets.add(each);
        each.on('error', () => each.destroy());
      }
    });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
