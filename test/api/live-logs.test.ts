import { request } from 'node:https';
import { describe, expect, test } from 'vitest';
import type { ReviewAccess } from '../../src/api/access/rights.ts';
import { livePodsSchema, logEndSchema, logLinesSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import type { LiveReads } from '../../src/controller/index.ts';
import type { ResourceRight } from '../../src/resource/index.ts';
import { until } from '../support/until.ts';
import { daemonOf, serveByTls } from './daemon-fixture.ts';
import { liveReadsOf } from './live-reads.ts';
import { tokenIn } from './rbac.ts';

const ID = 'shop:deployment/cart';
const LOGS = `/api/v1/live/logs?id=${ID}&pod=cart-1&container=cart`;
const LOG_RIGHT: ResourceRight = {
  verb: 'get',
  group: '',
  resource: 'pods',
  subresource: 'log',
  namespace: 'shop',
  name: 'cart-1',
};
const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } };

/** Tokens are the names of users; ann may read logs. */
const review: ReviewAccess = async (question) => ({
  outcome: !('on' in question) || tokenIn(question) === 'ann' ? 'allowed' : 'forbidden',
  user: tokenIn(question),
});

async function serveReads(parts: Partial<LiveReads>) {
  const daemon = daemonOf({ manifest: async (id) => (id === ID ? { object } : undefined) });
  const api = await serveByTls(daemon, review, '10.1.2.3', {}, { live: liveReadsOf(parts) });
  const get = (path: string, user = 'ann') => openAt(api.port, path, api.ca, user);
  return { api, get };
}

/** A response that may be read as it comes, or left. */
async function openAt(port: number, path: string, ca: string, user: string) {
  let text = '';
  let isDone = false;
  const headers = { authorization: `Bearer ${user}` };
  return new Promise<Opened>((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path, ca, servername: 'localhost', agent: false, headers },
      (incoming) => {
        incoming.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        incoming.on('close', () => {
          isDone = true;
        });
        incoming.on('error', () => undefined);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: () => text,
          isDone: () => isDone,
          leave: () => void outgoing.destroy(),
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

interface Opened {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: () => string;
  readonly isDone: () => boolean;
  readonly leave: () => void;
}

async function wholeOf(opened: Opened): Promise<string> {
  await until('the answer ends', opened.isDone);
  return opened.text();
}

/** The type and data of each event. */
function eventsIn(text: string): readonly (readonly [string, unknown])[] {
  return text
    .split('\n\n')
    .filter(Boolean)
    .map((each) => {
      const [, type = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(each) ?? [];
      return [type, JSON.parse(data)];
    });
}

test('pods come with what they use, and what the cluster says of them without secrets', async () => {
  const { api, get } = await serveReads({
    pods: async () => ({
      pods: [
        {
          name: 'cart-1',
          phase: 'Pending',
          unscheduled: 'Unschedulable: 0/3 nodes',
          ready: false,
          ending: false,
          createdAt: Date.parse('2030-01-01T00:00:00Z'),
          containers: [
            {
              name: 'cart',
              image: 'acme/cart:1',
              type: 'main',
              ready: false,
              restarts: 2,
              now: { state: 'waiting', reason: 'ErrImagePull', message: 'of https://ann:hunter2@host' },
              last: { reason: 'OOMKilled', exitCode: 137, message: '' },
              requests: { cpu: 0.1 },
              limits: { memory: 2 ** 20 },
              usage: { cpu: 0.05, memory: 2 ** 19 },
            },
          ],
        },
      ],
      isCut: false,
      usage: { state: 'unread', reason: 'bob may not' },
    }),
  });
  await using _ = api;
  const answer = await get(`/api/v1/live/pods?id=${ID}`);
  const text = await wholeOf(answer);
  expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
  expect(livePodsSchema.parse(JSON.parse(text))).toEqual(JSON.parse(text));
  expect(JSON.parse(text)).toMatchObject({
    usage: 'unread',
    noUsage: 'bob may not',
    pods: [
      {
        createdAt: '2030-01-01T00:00:00Z',
        reason: 'Unschedulable: 0/3 nodes',
        containers: [{ state: 'waiting', reason: 'ErrImagePull', previous: { reason: 'OOMKilled', exitCode: 137 } }],
      },
    ],
  });
  expect(text).not.toContain('hunter2');
});

describe('a log', () => {
  const logs: LiveReads['logs'] = async ({ permit }) => {
    await permit(LOG_RIGHT);
    return (async function* () {
      yield { type: 'lines', lines: ['2030-01-01T00:00:00Z <b>"one"</b>', ''] } as const;
      yield { type: 'end', reason: 'ended' } as const;
    })();
  };

  test('comes as events, to who may read it', async () => {
    const { api, get } = await serveReads({ logs });
    await using _ = api;
    const answer = await get(LOGS);
    const [lines, end] = eventsIn(await wholeOf(answer));
    expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      200,
      'text/event-stream',
      'no-store',
    ]);
    expect([lines?.[0], logLinesSchema.parse(lines?.[1])]).toEqual([
      'lines',
      { lines: ['2030-01-01T00:00:00Z <b>"one"</b>', ''] },
    ]);
    expect([end?.[0], logEndSchema.parse(end?.[1])]).toEqual(['end', { reason: 'ended' }]);
    const refused = await get(LOGS, 'bob');
    expect([refused.status, JSON.parse(await wholeOf(refused)).detail]).toEqual([
      403,
      'bob may not get pods/log cart-1 in namespace shop',
    ]);
  });

  test.each<[string, object]>([
    ['', { pod: 'cart-1', container: 'cart', previous: false, follow: false, tailLines: 1_000 }],
    ['&follow=true&tailLines=5', { follow: true, tailLines: 5 }],
    ['&previous=true&follow=true', { previous: true, follow: false }],
    ['&sinceTime=2030-01-01T00:00:00.5%2B02:00', { sinceTime: '2030-01-01T00:00:00.5+02:00' }],
  ])('is asked for by %j', async (query, expected) => {
    const asked: object[] = [];
    const { api, get } = await serveReads({
      logs: async (question, options) => {
        asked.push(question);
        return logs(question, options);
      },
    });
    await using _ = api;
    await wholeOf(await get(LOGS + query));
    expect(asked).toMatchObject([expected]);
    if (query.includes('since')) expect(asked[0]).not.toHaveProperty('tailLines');
  });

  test.each([
    [`/api/v1/live/logs?id=${ID}`],
    [`/api/v1/live/logs?id=${ID}&pod=cart-1`],
    [`${LOGS}&follow=yes`],
    [`${LOGS}&tailLines=-1`],
    [`${LOGS}&tailLines=50001`],
    [`${LOGS}&tailLines=1e3`],
    [`${LOGS}&sinceTime=yesterday`],
    [`${LOGS}&sinceTime=2030-13-01T00:00:00Z`],
  ])('is not asked for by %j', async (path) => {
    const { api, get } = await serveReads({ logs });
    await using _ = api;
    expect((await get(path)).status).toBe(400);
  });

  test('that fails on the way says why at its end', async () => {
    const { api, get } = await serveReads({
      logs: async () =>
        (async function* () {
          yield { type: 'lines', lines: ['one'] } as const;
          throw new FluxError('container "cart" is waiting to start: https://ann:hunter2@host', { code: 'cluster/invalid' });
        })(),
    });
    await using _ = api;
    const text = await wholeOf(await get(LOGS));
    expect(eventsIn(text).at(-1)).toMatchObject(['end', { reason: 'failed', problem: { code: 'cluster/invalid' } }]);
    expect(text).not.toContain('hunter2');
  });

  /** Logs that are quiet until the client goes. */
  function quiet() {
    let open = 0;
    const reads: LiveReads['logs'] = async (_, { signal }) => {
      open += 1;
      return (async function* () {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        open -= 1;
        signal.throwIfAborted();
        yield { type: 'end', reason: 'renew' } as const;
      })();
    };
    return { reads, open: () => open };
  }

  test('is read for eight streams of a user at a time, and no more for one who is gone', async () => {
    const { reads, open } = quiet();
    const { api, get } = await serveReads({ logs: reads });
    await using _ = api;
    const eight = await Promise.all(Array.from({ length: 8 }, () => get(LOGS)));
    expect(eight.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    const ninth = await get(LOGS);
    expect([ninth.status, JSON.parse(await wholeOf(ninth)).code]).toEqual([429, 'live/too-many-logs']);
    const other = await get(LOGS, 'bob');
    expect(other.status).toBe(200);
    expect(open()).toBe(9);
    for (const each of [...eight, other]) each.leave();
    await until('no log is read', () => open() === 0);
    expect((await get(LOGS)).status).toBe(200);
  });

  test('that cannot be read takes up no place', async () => {
    const { api, get } = await serveReads({
      logs: async () => {
        throw new FluxError('no pod', { code: 'live/no-pod', fault: 'missing' });
      },
    });
    await using _ = api;
    for (let count = 0; count < 10; count += 1) expect((await get(LOGS)).status).toBe(404);
  });
});
