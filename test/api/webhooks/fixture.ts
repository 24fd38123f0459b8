import { createHash, createHmac } from 'node:crypto';
import { Writable } from 'node:stream';
import { createWebhookServer, loadEndpoints } from '../../../src/api/index.ts';
import { createHttpTransport, createLogger } from '../../../src/base/index.ts';
import type { Daemon } from '../../../src/controller/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type Answer, type Call, daemonOf, send } from '../daemon-fixture.ts';

export interface EndpointSpec {
  readonly source: string;
  readonly key: string;
  readonly registryHost?: string;
  readonly gcr?: unknown;
}

export interface Receiver extends AsyncDisposable {
  readonly port: number;
  /** Access, method and path of what is served. */
  readonly routes: readonly string[];
  readonly calls: Call[];
  /** `source result`, in order. */
  readonly counted: string[];
  /** All that was logged, at every level, as JSON lines. */
  log(): string;
  readonly clock: ManualClock;
  /** Key files by path; what a test changes here has changed on disk. */
  readonly files: Map<string, string>;
  /** Sends to the endpoint of a key, or to a path. */
  post(to: { readonly key: string; readonly registryHost?: string } | string, request: Request): Promise<Answer>;
}

export interface Request {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly method?: string;
}

export const CONFIG = '/etc/webhooks/fluxrecv.yaml';

export function pathOf({ key, registryHost = '' }: Pick<EndpointSpec, 'key' | 'registryHost'>): string {
  return `/hook/${createHash('sha256').update(key).update(registryHost).digest('hex')}`;
}

export function hmac(key: string, body: string, algorithm = 'sha256'): string {
  return createHmac(algorithm, key).update(body).digest('hex');
}

export function filesOf(endpoints: readonly EndpointSpec[]): Map<string, string> {
  const config = {
    fluxRecvVersion: 1,
    endpoints: endpoints.map(({ source, registryHost, gcr }, index) => ({
      source,
      keyPath: `${index}.key`,
      ...(registryHost === undefined ? {} : { registryHost }),
      ...(gcr === undefined ? {} : { gcr }),
    })),
  };
  return new Map([
    [CONFIG, JSON.stringify(config)],
    ...endpoints.map(({ key }, index) => [`/etc/webhooks/${index}.key`, key] as const),
  ]);
}

/** Serves webhooks for these endpoints on a free loopback port, as if the connection came in from the network. */
export async function receive(
  endpoints: readonly EndpointSpec[],
  {
    notify,
    localAddress = '10.1.2.3',
    googleKeysUrl = 'http://127.0.0.1:1/',
  }: { readonly notify?: Daemon['notify']; readonly localAddress?: string; readonly googleKeysUrl?: string } = {},
): Promise<Receiver> {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = await createLogger({ format: 'json', level: 'trace', destination });
  const daemon = daemonOf(notify ? { notify } : {});
  const counted: string[] = [];
  const clock = new ManualClock();
  const files = filesOf(endpoints);
  const readFile = async (path: string) => {
    const text = files.get(path);
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return Buffer.from(text);
  };
  const http = createHttpTransport();
  const server = createWebhookServer({
    http,
    googleKeysUrl,
    endpoints: await loadEndpoints(CONFIG, { readFile, clock, log }),
    daemon,
    metrics: { webhook: (source, result) => counted.push(`${source} ${result}`) },
    log,
    clock,
    localAddressOf: () => localAddress,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    port,
    routes: server.routes.flatMap(({ methods, path, access }) => methods.map((method) => `${access} ${method} ${path}`)),
    calls: daemon.calls,
    counted,
    log: () => lines.join(''),
    clock,
    files,
    post: (to, { headers = {}, body = '', method = 'POST' }) =>
      send(port, typeof to === 'string' ? to : pathOf(to), { method, headers: { host: 'hooks.example.org', ...headers }, body }),
    async [Symbol.asyncDispose]() {
      await server.close();
      http.close();
    },
  };
}
