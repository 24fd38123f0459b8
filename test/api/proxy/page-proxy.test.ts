import { request as httpRequest } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPageProxy } from '../../../src/api/proxy/index.ts';
import { type Clock, FluxError, systemClock } from '../../../src/base/index.ts';
import { EventLog, type LiveReads } from '../../../src/controller/index.ts';
import { startApiProxy } from '../../e2e/harness/api-proxy.ts';
import type { Fault } from '../../e2e/harness/fault.ts';
import { until } from '../../support/until.ts';
import { daemonOf, type Sent, send, serve } from '../daemon-fixture.ts';
import { liveReadsOf } from '../live-reads.ts';

const ID = 'shop:deployment/cart';
const PATH = `/api/v1/live/object?id=${ID}`;
const UI = { ui: { assets: new Map(), may: 'read-only' } } as const;
const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } };

interface World {
  /** Where the browser goes, and where fluxd is. */
  readonly port: number;
  readonly daemonPort: number;
  readonly events: EventLog;
  /** The ids that were read from the cluster. */
  readonly read: string[];
  readonly daemon: AsyncDisposable;
}

/** A fluxd, and the proxy of `fluxctl ui` before it; `via` is a port of something between the two. */
async function startWorld(
  parts: { readonly clock?: Clock; readonly via?: (port: number) => Promise<number>; readonly reads?: Partial<LiveReads> } = {},
): Promise<World> {
  const { clock = systemClock, via = async (port) => port } = parts;
  const events = new EventLog();
  const daemon = await serve(daemonOf({ events, manifest: async (id) => (id === ID ? { object } : undefined) }), UI);
  const read: string[] = [];
  const reads = liveReadsOf({
    async object({ id, permit }) {
      await permit({ verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'cart' });
      read.push(id);
      return { exists: true, fields: [], isCut: false, events: { state: 'read', value: [] } };
    },
    ...parts.reads,
  });
  const failure = () => new FluxError('the pod is gone', { code: 'cluster/no-pod' });
  const upstream = `http://127.0.0.1:${await via(daemon.port)}`;
  const proxy = await openPageProxy({ upstream, reads, clock, failure });
  onTestFinished(async () => {
    proxy.close();
    await daemon[Symbol.asyncDispose]();
  });
  return { port: Number(new URL(proxy.url).port), daemonPort: daemon.port, events, read, daemon };
}

const fromPage = (port: number) => ({
  host: `127.0.0.1:${port}`,
  origin: `http://127.0.0.1:${port}`,
  'sec-fetch-site': 'same-origin',
});

/** Signs in at a port, as the page does, and resolves to the token. */
async function tokenAt(port: number): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const made = await send(port, '/api/v1/ui/codes', { method: 'POST', headers, body: '{}' });
  const opened = await send(port, '/api/v1/ui/sessions', {
    method: 'POST',
    headers: { ...fromPage(port), ...headers },
    body: made.body,
  });
  return JSON.parse(opened.body).token;
}

describe('a read of the cluster', () => {
  test('is answered to a page with a session of this fluxd, with the rights of the user', async () => {
    const { port, read } = await startWorld();
    const headers = { ...fromPage(port), authorization: `Bearer ${await tokenAt(port)}` };
    const { status, body } = await send(port, PATH, { headers });
    expect([status, JSON.parse(body)]).toEqual([200, { id: ID, exists: true, fields: [], isCut: false, events: [] }]);
    expect(read).toEqual([ID]);
  });

  test.each<[string, (world: World, token: string) => Promise<Sent>]>([
    ['another program of this machine', async () => ({})],
    ['another program with a wrong token', async () => ({ headers: { authorization: 'Bearer wrong' } })],
    ['the page without a session', async ({ port }) => ({ headers: fromPage(port) })],
    [
      'a page at the port of fluxd itself',
      async ({ port, daemonPort }) => ({
        headers: { ...fromPage(port), authorization: `Bearer ${await tokenAt(daemonPort)}` },
      }),
    ],
    [
      'a web page of another site, even with the token',
      async (_, token) => ({ headers: { origin: 'https://evil.example', authorization: `Bearer ${token}` } }),
    ],
    [
      'a web page at another port of this machine',
      async (_, token) => ({ headers: { 'sec-fetch-site': 'same-site', authorization: `Bearer ${token}` } }),
    ],
    [
      'a page under a foreign name of this machine',
      async (_, token) => ({ headers: { host: 'evil.example', authorization: `Bearer ${token}` } }),
    ],
  ])('is not answered to %s (S-071, S-072)', async (_, sentBy) => {
    const world = await startWorld();
    const sent = await sentBy(world, await tokenAt(world.port));
    const { status, body } = await send(world.port, PATH, sent);
    expect([status, JSON.parse(body).status]).toEqual([403, 403]);
    expect(world.read).toEqual([]);
  });

  test('ends with the session', async () => {
    const world = await startWorld();
    const headers = { ...fromPage(world.port), authorization: `Bearer ${await tokenAt(world.port)}` };
    expect((await send(world.port, PATH, { headers })).status).toBe(200);
    await world.daemon[Symbol.asyncDispose]();
    expect((await send(world.port, PATH, { headers })).status).toBe(500);
    expect(world.read).toEqual([ID]);
  });

  test.each([
    ['an object that the repository does not have', '?id=shop:secret/login', 404, 'live/not-in-git'],
    ['no object', '', 400, 'api/bad-request'],
  ])('of %s is rejected', async (_, query, status, code) => {
    const { port, read } = await startWorld();
    const headers = { ...fromPage(port), authorization: `Bearer ${await tokenAt(port)}` };
    const answer = await send(port, `/api/v1/live/object${query}`, { headers });
    expect([answer.status, JSON.parse(answer.body).code, read]).toEqual([status, code, []]);
  });
});

describe('a log', () => {
  const LOGS = `/api/v1/live/logs?id=${ID}&pod=cart-1&container=cart&follow=true`;

  /** The text of a log that is followed, up to a word in it; then the reader leaves. */
  const readUntil = (port: number, headers: Readonly<Record<string, string>>, word: string) =>
    new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port, path: LOGS, headers, agent: false }, (incoming) => {
        let seen = '';
        incoming.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (!seen.includes(word)) return;
          outgoing.destroy();
          resolve(seen);
        });
        incoming.on('error', () => undefined);
      });
      outgoing.on('error', reject);
      outgoing.end();
    });

  test('comes while it is written, and is no longer read when the page is gone', async () => {
    let isRead = false;
    const { port } = await startWorld({
      reads: {
        logs: async (_, { signal }) => {
          isRead = true;
          return (async function* () {
            yield { type: 'lines', lines: ['2030-01-01T00:00:00Z one'] } as const;
            await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
            isRead = false;
          })();
        },
      },
    });
    const headers = { ...fromPage(port), authorization: `Bearer ${await tokenAt(port)}` };
    expect(await readUntil(port, headers, 'one')).toBe('event: lines\ndata: {"lines":["2030-01-01T00:00:00Z one"]}\n\n');
    await until('the log is left', () => !isRead);
  });

  test('is given to no one but the page with a session', async () => {
    let reads = 0;
    const { port } = await startWorld({
      reads: {
        logs: async () => {
          reads += 1;
          throw new Error('read');
        },
      },
    });
    for (const headers of [{}, fromPage(port), { authorization: 'Bearer wrong' }, { host: 'evil.example' }])
      expect((await send(port, LOGS, { headers })).status).toBe(403);
    expect(reads).toBe(0);
  });
});

describe('everything else', () => {
  test('is answered by fluxd, which checks Host and Origin itself', async () => {
    const { port } = await startWorld();
    expect((await send(port, '/api/flux/v11/ping')).status).toBe(204);
    expect((await send(port, '/api/v1/live/nothing')).status).toBe(404);
    expect((await send(port, '/api/v1/overview', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await send(port, '/api/v1/overview', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await send(port, 'http://[', {})).status).toBe(400);
    const headers = { 'content-type': 'application/json' };
    expect((await send(port, '/api/v1/syncs', { method: 'POST', headers, body: '{}' })).status).toBe(202);
  });

  test('comes as it is sent: an event reaches the page while the stream is open', async () => {
    const { port, events } = await startWorld();
    const metadata = { revision: 'r', corrections: [{ id: ID, reason: 'changed' }] };
    const text = await new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/api/v1/events', agent: false }, (incoming) => {
        let seen = '';
        events.add({ type: 'drift_corrected', objects: [ID], startedAt: 0, endedAt: 1, metadata });
        incoming.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (!seen.includes('drift_corrected')) return;
          outgoing.destroy();
          resolve(seen);
        });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
    expect(text).toContain(ID);
  });

  test('says why the port-forward broke', async () => {
    const world = await startWorld();
    await world.daemon[Symbol.asyncDispose]();
    expect(await send(world.port, '/api/v1/overview')).toMatchObject({ status: 502, body: 'the pod is gone\n' });
  });
});

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['answered 502', { kind: 'answer', status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' }],
  ['answered 200 by something else', { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: 'Sign in' }],
  ['lost before it arrives', { kind: 'drop' }],
  ['cut in the middle of its answer', { kind: 'cut', bytes: 3 }],
  ['never answered', { kind: 'hang', after: 'nothing' }],
  ['lost after it was carried out', { kind: 'lose-answer' }],
];

describe.each([1, 2])('if request %i of a read to fluxd is', (number) => {
  test.each(FAULTS)('%s, the page is not told another state, and its next try is answered', async (_, fault) => {
    const over = new AbortController();
    const clock: Clock = { ...systemClock, deadline: (_ms, parent) => deadlineOf(over.signal, parent) };
    const passed: Record<string, string> = {};
    let lossy: Awaited<ReturnType<typeof startApiProxy>> | undefined;
    const world = await startWorld({
      clock,
      async via(port) {
        lossy = await startApiProxy({ server: new URL(`http://127.0.0.1:${port}`), tls: {}, headers: passed });
        return lossy.port;
      },
    });
    onTestFinished(async () => lossy?.close());
    if (!lossy) throw new Error('nothing is between');
    // The session is one of this Host.
    passed.host = `127.0.0.1:${world.port}`;
    const headers = { ...fromPage(world.port), authorization: `Bearer ${await tokenAt(world.port)}` };
    const first = lossy.requests.length;
    lossy.intercept = (request) => {
      if (request.number !== first + number) return undefined;
      if (fault.kind === 'hang') queueMicrotask(() => over.abort(new DOMException('time is up', 'TimeoutError')));
      return fault;
    };
    const lost = await send(world.port, PATH, { headers });
    // A request that an idle connection lost is sent once more on another.
    if (lost.status === 200) expect([world.read, JSON.parse(lost.body).exists]).toEqual([[ID], true]);
    else
      expect([lost.status, JSON.parse(lost.body).code, world.read]).toEqual([500, expect.stringMatching(/^(?:ui|http)\//), []]);
    if (fault.kind === 'hang') return;
    const { status, body } = await send(world.port, PATH, { headers });
    expect([status, JSON.parse(body).exists]).toEqual([200, true]);
  });
});

function deadlineOf(signal: AbortSignal, parent: AbortSignal | undefined) {
  return { signal: parent ? AbortSignal.any([signal, parent]) : signal, [Symbol.dispose]: () => undefined };
}
