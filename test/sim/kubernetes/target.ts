import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { createHttpTransport, type HttpRequest, type HttpStream } from '../../../src/base/index.ts';
import { type Kubernetes, type KubernetesOptions, startKubernetes } from '../../../src/sim/index.ts';

/** An API server to ask: the embedded one, or with TEST_KUBECONFIG a real one; the same tests run on both. */
export interface Target {
  /** Undefined when the server is a real one. */
  readonly sim: Kubernetes | undefined;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Server-side apply as `manager`. */
  apply(path: string, object: Body, options?: { readonly manager?: string; readonly query?: string }): Promise<Answer>;
  watch(path: string, options?: { readonly accept?: string }): Promise<WatchStream>;
  /** A new namespace with a name of its own; removed at the end. */
  namespace(): Promise<string>;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of an API server, looked into by tests only
export type Body = Record<string, any>;

export interface CallOptions {
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface WatchStream {
  /** The next event; rejects after ten seconds. */
  next(): Promise<{ readonly type: string; readonly object: Body }>;
  /** Events until (and with) the first that `wanted` accepts. */
  until(wanted: (event: { readonly type: string; readonly object: Body }) => boolean): Promise<{ type: string; object: Body }[]>;
  readonly ended: Promise<void>;
  close(): void;
}

export async function startTarget({
  file = process.env.TEST_KUBECONFIG,
  embedded = {},
}: {
  readonly file?: string | undefined;
  readonly embedded?: KubernetesOptions;
} = {}): Promise<Target> {
  const sim = !file ? await startKubernetes(embedded) : undefined;
  const config = new KubeConfig();
  config.loadFromString(sim ? sim.kubeconfig() : readFileSync(file ?? '', 'utf8'));
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (!cluster) throw new Error('the kubeconfig names no cluster');
  const pem = (base64: string | undefined) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64'));
  const [ca, cert, key] = [pem(cluster.caData), pem(user?.certData), pem(user?.keyData)];
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const transport = createHttpTransport({ userAgent: 'sim-tests/1' });
  const created: string[] = [];

  const requestOf = (
    method: string,
    path: string,
    { body, type = 'application/json', accept = 'application/json' }: CallOptions,
  ) =>
    ({
      method,
      url: `${cluster.server}${path}`,
      headers: {
        accept,
        ...(user?.token ? { authorization: `Bearer ${user.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      tls,
    }) satisfies HttpRequest;

  const call = async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const response = await transport.request(requestOf(method, path, options));
    const text = response.body.toString('utf8');
    const body = text.startsWith('{') ? (JSON.parse(text) as Body) : { text };
    return { status: response.status, body, headers: response.headers };
  };

  return {
    sim,
    call,
    apply: (path, object, { manager = 'flux', query = '' } = {}) =>
      call('PATCH', `${path}?fieldManager=${manager}${query}`, { type: 'application/apply-patch+yaml', body: object }),
    watch: async (path, { accept = 'application/json' } = {}) => {
      const response = await transport.stream({ ...requestOf('GET', path, { accept }), timeoutMs: 60_000 });
      return readStream(response);
    },
    namespace: async () => {
      const name = `sim-${randomBytes(5).toString('hex')}`;
      const answer = await call('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      });
      if (answer.status !== 201) throw new Error(`namespace ${name}: ${JSON.stringify(answer.body)}`);
      created.push(name);
      return name;
    },
    stop: async () => {
      await Promise.all(created.map((name) => call('DELETE', `/api/v1/namespaces/${name}`)));
      transport.close();
      await sim?.stop();
    },
  };
}

type Event = { type: string; object: Body };

function readStream(stream: HttpStream): WatchStream {
  const response = Readable.from(stream);
  const events: Event[] = [];
  let wake: () => void = () => undefined;
  let pending = '';
  response.on('data', (chunk: Buffer) => {
    const lines = (pending + chunk.toString('utf8')).split('\n');
    pending = lines.pop() ?? '';
    events.push(...lines.filter(Boolean).map((line) => JSON.parse(line) as Event));
    wake();
  });
  // Closing the stream from our side shows as an error; the tests look at events.
  response.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => response.on('close', resolve));
  const next = async (): Promise<Event> => {
    const deadline = AbortSignal.timeout(10_000);
    while (events.length === 0) {
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        deadline.addEventListener('abort', () => reject(new Error('no event in ten seconds')));
      });
    }
    return events.shift() as Event;
  };
  return {
    next,
    until: async (wanted) => {
      const seen: Event[] = [];
      for (;;) {
        const event = await next();
        seen.push(event);
        if (wanted(event)) return seen;
      }
    },
    ended,
    close: () => void stream.destroy(),
  };
}

/** Asks until `wanted` accepts the answer; fails after ten seconds with the last answer. */
export async function eventually(ask: () => Promise<Answer>, wanted: (answer: Answer) => boolean): Promise<Answer> {
  const until = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > until) throw new Error(`still ${answer.status}: ${JSON.stringify(answer.body)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function configMap(name: string, data: Record<string, string>, metadata: Body = {}): Body {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

export function deployment(name: string, containers: readonly Body[] = [{ name: 'app', image: 'example.com/app:1' }]): Body {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers } },
    },
  };
}
