import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';
import type { Endpoint } from './kube-client.ts';

/** One request of the daemon, as the API server gets it. */
export interface Recorded {
  /** Counts from 1. */
  readonly number: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** True when only metadata is asked for. */
  readonly metadataOnly: boolean;
  readonly watch: boolean;
  /** Undefined while it runs. */
  status?: number;
}

/** What goes wrong with a request: lost before it arrives, answered by the proxy, or carried out and its answer lost. */
export type Fault =
  | { readonly kind: 'drop' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: object;
    }
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'delay'; readonly ms: number };

/** Stands between the daemon and the API server: counts what the daemon asks, and breaks it when a test says so. */
export interface ApiProxy {
  /** A kubeconfig that leads through the proxy, with the proxy's own credentials behind it. */
  readonly kubeconfig: string;
  /** In order of arrival. */
  readonly requests: readonly Recorded[];
  /** Forgets what was recorded; the numbers go on. */
  clear(): void;
  /** Consulted for each request before it is forwarded. */
  intercept: ((request: Recorded) => Fault | undefined | Promise<Fault | undefined>) | undefined;
  close(): Promise<void>;
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'host']);

/** Speaks TLS when the API server does, so that the daemon is tested as it will run. */
export async function startApiProxy(upstream: Endpoint): Promise<ApiProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-proxy-'));
  const secure = upstream.server.protocol === 'https:';
  const agent = secure ? new HttpsAgent({ keepAlive: true, ...upstream.tls }) : new HttpAgent({ keepAlive: true });
  const certificate = secure ? selfSignedCertificate(Date.now()) : undefined;
  let requests: Recorded[] = [];
  let count = 0;

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse, recorded: Recorded, loseAnswer: boolean) => {
    const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.has(name)));
    const request = (secure ? httpsRequest : httpRequest)(
      new URL(incoming.url ?? '/', upstream.server),
      { method: incoming.method, agent, headers: { ...headers, ...upstream.headers } },
      (response) => {
        recorded.status = response.statusCode ?? 0;
        if (loseAnswer) {
          response.resume();
          response.on('end', () => outgoing.destroy());
          return;
        }
        const answer = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !HOP_BY_HOP.has(name)));
        outgoing.writeHead(recorded.status, answer);
        outgoing.flushHeaders(); // a watch sends its headers long before its first event
        response.pipe(outgoing);
        response.on('error', () => outgoing.destroy());
      },
    );
    request.on('error', () => outgoing.destroy());
    outgoing.on('close', () => request.destroy());
    incoming.pipe(request);
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const url = new URL(incoming.url ?? '/', 'http://proxy');
    const recorded: Recorded = {
      number: ++count,
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      metadataOnly: /as=PartialObjectMetadata/.test(incoming.headers.accept ?? ''),
      watch: ['1', 'true'].includes(url.searchParams.get('watch') ?? ''),
    };
    requests.push(recorded);
    const fault = await proxy.intercept?.(recorded);
    if (fault?.kind === 'drop') return outgoing.destroy();
    if (fault?.kind === 'delay') await sleep(fault.ms);
    if (fault?.kind === 'answer') {
      incoming.resume();
      recorded.status = fault.status;
      outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      return outgoing.end(
        JSON.stringify(fault.body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: fault.status }),
      );
    }
    forward(incoming, outgoing, recorded, fault?.kind === 'lose-answer');
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      console.error('the API proxy failed:', error);
      outgoing.destroy();
    });
  };

  const server = certificate ? createHttpsServer(certificate, listener) : createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigText(url, certificate?.cert));

  const proxy: ApiProxy = {
    kubeconfig,
    get requests() {
      return requests;
    },
    clear() {
      requests = [];
    },
    intercept: undefined,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      agent.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return proxy;
}

function kubeconfigText(url: string, certificate: string | undefined): string {
  const cluster = {
    server: url,
    ...(certificate ? { 'certificate-authority-data': Buffer.from(certificate).toString('base64') } : {}),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'e2e', user: { token: 'the-proxy-has-the-credentials' } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
  });
}
