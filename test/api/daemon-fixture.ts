import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { ReviewAccess } from '../../src/api/access/rights.ts';
import { createApiServer } from '../../src/api/index.ts';
import type { Oidc } from '../../src/api/oidc/index.ts';
import { FluxError, silentLogger } from '../../src/base/index.ts';
import { type Daemon, EventLog, type LiveReads, type SyncReport } from '../../src/controller/index.ts';
import { certificateFiles } from '../support/certificate-files.ts';

export interface Call {
  readonly name: string;
  readonly argument?: unknown;
}

/** A daemon of fixed data that remembers what it was asked; parts may be replaced. */
export function daemonOf(parts: Partial<Daemon> = {}): Daemon & { readonly calls: Call[] } {
  const calls: Call[] = [];
  const called = <T>(name: string, argument: unknown, answer: T): T => {
    calls.push({ name, argument });
    return answer;
  };
  const daemon: Daemon & { readonly calls: Call[] } = {
    calls,
    version: () => '1.2.3',
    sources: ['default'],
    sandboxes: () => undefined,
    of: () => daemon,
    listWorkloads: async (filter) => called('listWorkloads', filter, []),
    listImages: async (filter) => called('listImages', filter, []),
    imageDecisions: async () => [],
    export: async () => called('export', undefined, ''),
    update: async (spec) => called('update', spec, 'job-1'),
    job: async (id) => {
      throw new FluxError(`unknown job ${JSON.stringify(id)}`, { code: 'job/unknown', fault: 'missing', help: 'Job not found' });
    },
    syncStatus: async (ref) => called('syncStatus', ref, []),
    gitConfig: async (options) =>
      called('gitConfig', options, { url: '', branch: 'master', paths: [], state: { status: 'unconfigured' }, publicKey: '' }),
    notify: async (change) => called('notify', change, true),
    startSync: () => called('startSync', undefined, queuedSync('s-1')),
    sync: (id) => queuedSync(id),
    diff: async (request) => called('diff', request, { counts: {}, entries: [], errors: [], warnings: [] }),
    syncDone: () => new Promise(() => {}),
    automation: async () => [{ source: 'default', memory: { in: 'cluster' } }],
    suspendAutomation: async (who) =>
      called('suspendAutomation', who, [{ source: 'default', suspension: { ...who, since: 0 }, memory: { in: 'cluster' } }]),
    resumeAutomation: async (who) => called('resumeAutomation', who, [{ source: 'default', memory: { in: 'cluster' } }]),
    heldDeletions: () => ({ deletions: [] }),
    approveDeletions: (hash) => called('approveDeletions', hash, queuedSync('s-1')),
    deleteOrphans: (orphans) => called('deleteOrphans', orphans, queuedSync('s-1')),
    health: async (options) => called('health', options.waitMs, { revision: 'r-1', settled: true, counts: {}, objects: [] }),
    objects: () => ({ follows: [], objects: [] }),
    relations: async () => [],
    owned: async (question) => called('owned', question, { objects: [], uids: new Map(), isCut: false }),
    objectCommits: async (id) => called('objectCommits', id, { commits: [], isCut: false }),
    objectDiff: async (question) => called('objectDiff', question, { state: 'compared', fields: [], isCut: false }),
    syncedCommit: async () => undefined,
    why: async (question) =>
      called('why', question, { answer: 'nothing is wrong', state: 'ok', cause: 'ok', links: [], tags: [], others: [] }),
    manifest: async () => undefined,
    history: async (request) => called('history', request, { entries: [] }),
    writers: async () => ({ jobNotes: { ref: 'refs/notes/flux', fluxd: 0, fluxV1: 0 } }),
    scansImages: true,
    imageScans: () => [],
    registryHosts: () => [],
    imageCacheFailure: () => undefined,
    events: new EventLog(),
    readiness: () => ({ ready: true, reason: '' }),
    liveness: () => undefined,
    ...parts,
  };
  return daemon;
}

export function queuedSync(id: string): SyncReport {
  return { id, state: 'queued', counts: {}, changes: [], errors: [], warnings: [] };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly host?: string;
  /** By TLS, trusting this certificate. */
  readonly ca?: string;
  /** The client's address. */
  readonly from?: string;
}

/** One raw exchange; sends the path as it is, and no header but Host by itself. */
export function send(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, host = '127.0.0.1', ca, from }: Sent = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const line = {
      host,
      port,
      path,
      method,
      headers: { ...headers },
      agent: false,
      ...(from ? { localAddress: from } : {}),
    } as const;
    const outgoing = (ca === undefined ? httpRequest : httpsRequest)(
      { ...line, ...(ca ? { ca, servername: 'localhost' } : {}) },
      (incoming) => {
        const chunks: Buffer[] = [];
        // A stream of events never ends by itself; its beginning is what is asked for here.
        if (incoming.headers['content-type'] === 'text/event-stream') {
          incoming.destroy();
          return resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: '' });
        }
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends bytes as they are and resolves to all that comes back until the server closes. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

export interface Served extends AsyncDisposable {
  readonly port: number;
  readonly calls: Call[];
  get(path: string, headers?: Sent['headers']): Promise<Answer>;
  post(path: string, body: string, headers?: Sent['headers']): Promise<Answer>;
  send(path: string, sent: Sent): Promise<Answer>;
}

export interface ServedByTls extends Served {
  readonly ca: string;
}

/** Serves a daemon by TLS as well, to whom `review` lets in; as if the connection came in from the network. */
export async function serveByTls(
  daemon: ReturnType<typeof daemonOf>,
  review: ReviewAccess,
  localAddress: string | (() => string) = '10.1.2.3',
  options: Partial<Parameters<typeof createApiServer>[0]> = {},
  more: { readonly live?: LiveReads; readonly oidc?: Oidc } = {},
): Promise<ServedByTls> {
  const files = certificateFiles();
  const { cert } = files.renew();
  const served = await serve(daemon, { localAddress, tls: { ...files, review, ...more }, ...options });
  return {
    ...served,
    ca: cert,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      files[Symbol.dispose]();
    },
  };
}

/** Serves a daemon on a free loopback port, as if connections came in on `localAddress`. */
export async function serve(
  daemon = daemonOf(),
  {
    localAddress = '127.0.0.1',
    ...options
  }: { readonly localAddress?: string | (() => string) } & Partial<Parameters<typeof createApiServer>[0]> = {},
): Promise<Served> {
  const server = createApiServer({
    daemon,
    log: silentLogger(),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
    localAddressOf: typeof localAddress === 'string' ? () => localAddress : localAddress,
    ...options,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    port,
    calls: daemon.calls,
    get: (path, headers = { accept: 'application/json' }) => send(port, path, { headers }),
    post: (path, body, headers = { accept: 'application/json' }) => send(port, path, { method: 'POST', headers, body }),
    send: (path, sent) => send(port, path, sent),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
