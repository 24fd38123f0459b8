import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { Agent as HttpsAgent } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/base/index.ts';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';
import { type Exchange, type Fault, perform } from './fault.ts';
import type { Endpoint } from './kube-client.ts';

/** One request of the daemon, as the API server gets it. */
export interface Recorded {
  /** Counts from 1. */
  readonly number: number;
  /** By the proxy's clock, ms since the epoch. */
  readonly at: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
  /** True when only metadata is asked for. */
  readonly metadataOnly: boolean;
  readonly watch: boolean;
  /** Undefined while it runs. */
  status?: number;
}

/** Stands between the daemon and the API server: counts what the daemon asks, and breaks it when a test says so. */
export interface ApiProxy {
  readonly port: number;
  /** A kubeconfig that leads through the proxy, with the proxy's own credentials behind it. */
  readonly kubeconfig: string;
  /** In order of arrival. */
  readonly requests: readonly Recorded[];
  /** Forgets what was recorded; the numbers go on. */
  clear(): void;
  /** Consulted for each request before it is forwarded. */
  intercept: ((request: Recorded) => Fault | undefined | Promise<Fault | undefined>) | undefined;
  /** From now on connections are refused, as when no API server runs, and the open ones are reset. */
  refuse(): Promise<void>;
  /** Ends that. */
  accept(): Promise<void>;
  /** Connections that are open. */
  connections(): number;
  /** Connections that were tried, those of a time of refusal not included. */
  readonly connected: number;
  /** Requests on their way; those that wait for nothing but time, or for the next event of a watch, are idle. */
  traffic(): { readonly moving: number; readonly idle: number };
  /** Called for everything that moves. */
  onActivity: (() => void) | undefined;
  close(): Promise<void>;
}

/** What the daemon wrote, or tried to, the Kubernetes Events left out that tell of it. */
export function writesOf({ requests }: Pick<ApiProxy, 'requests'>): readonly Recorded[] {
  return requests.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/apis/events.k8s.io/'));
}

export interface ApiProxyOptions {
  /** Measures delays. Default the system's. */
  readonly clock?: Clock;
  /** Whether to speak TLS; as the API server does by default, so that the daemon is tested as it will run. */
  readonly secure?: boolean;
  /** What the kubeconfig holds; the API server never sees it. */
  readonly token?: string;
}

export async function startApiProxy(upstream: Endpoint, options: ApiProxyOptions = {}): Promise<ApiProxy> {
  const {
    clock = systemClock,
    secure = upstream.server.protocol === 'https:',
    token = 'the-proxy-has-the-credentials',
  } = options;
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-proxy-'));
  const agent =
    upstream.server.protocol === 'https:'
      ? new HttpsAgent({ keepAlive: true, ...upstream.tls })
      : new HttpAgent({ keepAlive: true });
  const certificate = secure ? selfSignedCertificate(Date.now()) : undefined;
  const exchanges = new Set<Exchange>();
  const sockets = new Set<Socket>();
  let requests: Recorded[] = [];
  let count = 0;
  let connected = 0;

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const exchange: Exchange = {
      incoming,
      outgoing,
      idle: false,
      moved: () => proxy.onActivity?.(),
    };
    exchanges.add(exchange);
    exchange.moved();
    outgoing.on('close', () => {
      exchanges.delete(exchange);
      exchange.moved();
    });
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(incoming.url ?? '/', 'http://proxy');
    const recorded: Recorded = {
      number: ++count,
      at: clock.now(),
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: incoming.headers.authorization,
      body: Buffer.concat(chunks).toString(),
      metadataOnly: /as=PartialObjectMetadata/.test(incoming.headers.accept ?? ''),
      // A log that is followed comes like a watch.
      watch: ['watch', 'follow'].some((name) => ['1', 'true'].includes(url.searchParams.get(name) ?? '')),
    };
    requests.push(recorded);
    await perform(await proxy.intercept?.(recorded), exchange, recorded, { upstream, agent, clock });
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      // A client that goes away while it still sends is no fault of the proxy.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') console.error('the API proxy failed:', error);
      outgoing.destroy();
    });
  };

  const server = certificate
    ? createSecureServer({ ...certificate, allowHTTP1: true, noDelay: true, http1Options: { keepAliveTimeout: 60_000 } })
    : createHttpServer({ keepAliveTimeout: 60_000 });
  // By HTTP/2 as well, as the API server has it, in the shape of HTTP/1.1.
  server.on('request', listener);
  // Of a client that breaks off.
  server.on('sessionError', () => undefined);
  server.on('connection', (socket: Socket) => {
    connected += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stopListening = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigText(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, token, certificate?.cert));

  const proxy: ApiProxy = {
    port,
    kubeconfig,
    get requests() {
      return requests;
    },
    clear() {
      requests = [];
    },
    intercept: undefined,
    refuse: stopListening,
    accept: () => listen(port),
    connections: () => sockets.size,
    get connected() {
      return connected;
    },
    traffic() {
      const idle = [...exchanges].filter((exchange) => exchange.idle).length;
      return { moving: exchanges.size - idle, idle };
    },
    onActivity: undefined,
    async close() {
      await stopListening();
      agent.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return proxy;
}

function kubeconfigText(url: string, token: string, certificate: string | undefined): string {
  const cluster = {
    server: url,
    ...(certificate ? { 'certificate-authority-data': Buffer.from(certificate).toString('base64') } : {}),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'e2e', user: { token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
  });
}
