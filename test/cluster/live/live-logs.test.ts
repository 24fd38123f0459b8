import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { LogPiece, LogQuery } from '../../../src/change/index.ts';
import { builtIn } from '../../../src/cluster/discovery/api-resource.ts';
import type { Directory } from '../../../src/cluster/discovery/discovery.ts';
import { liveLogs } from '../../../src/cluster/live/live-logs.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import type { ResourceRight } from '../../../src/resource/index.ts';
import { until } from '../../support/until.ts';
import { question, startPods } from './world.ts';

const QUERY: Omit<LogQuery, 'pod'> = { container: 'web', previous: false, follow: false };

type World = Awaited<ReturnType<typeof startPods>>;

function placeIn({ own: [pod = ''] }: World) {
  return { namespace: 'default', pod, container: 'web' };
}

/** All that is read of the log of the first pod; a follower ends with the signal. */
async function read(
  world: World,
  parts: Partial<LogQuery> = {},
  permit = question.permit,
  signal = new AbortController().signal,
) {
  const { pod } = placeIn(world);
  return piecesOf(await world.reads.logs({ ...question, permit, ...QUERY, pod, ...parts }, { signal }));
}

async function piecesOf(pieces: AsyncIterable<LogPiece>) {
  const lines: string[] = [];
  let end = '';
  for await (const piece of pieces) {
    if (piece.type === 'lines') lines.push(...piece.lines.map((line) => line.slice(line.indexOf(' ') + 1)));
    else end = piece.reason;
  }
  return { lines, end };
}

describe('the log of a container', () => {
  test('is read to its end', async () => {
    const world = await startPods();
    const { kubernetes } = world;
    expect(await read(world)).toEqual({ lines: [], end: 'ended' });
    kubernetes.logs.write(placeIn(world), 'one\ntwo\nthree\n');
    expect(await read(world)).toEqual({ lines: ['one', 'two', 'three'], end: 'ended' });
    expect(await read(world, { tailLines: 2 })).toEqual({ lines: ['two', 'three'], end: 'ended' });
    expect(await read(world, { sinceTime: '2040-01-01T00:00:00Z' })).toEqual({ lines: [], end: 'ended' });
    expect(world.proxy.requests.at(-1)?.query.get('timestamps')).toBe('true');
  });

  test('before the last restart is another one', async () => {
    const world = await startPods();
    await expect(read(world, { previous: true })).rejects.toMatchObject({
      code: 'cluster/invalid',
      message: `previous terminated container "web" in pod "${placeIn(world).pod}" not found`,
    });
    world.kubernetes.logs.write(placeIn(world), 'before');
    world.kubernetes.logs.restart(placeIn(world));
    world.kubernetes.logs.write(placeIn(world), 'after');
    expect((await read(world, { previous: true })).lines).toEqual(['before']);
    expect((await read(world)).lines).toEqual(['after']);
  });

  test('that is followed comes as it is written, until its container ends', async () => {
    const world = await startPods();
    const { logs } = world.kubernetes;
    const signal = new AbortController().signal;
    const pieces = await world.reads.logs({ ...question, ...QUERY, follow: true, pod: placeIn(world).pod }, { signal });
    const seen: string[] = [];
    let end = '';
    const done = (async () => {
      for await (const piece of pieces)
        if (piece.type === 'lines') seen.push(...piece.lines);
        else end = piece.reason;
    })();
    // Of a quiet container not even headers come.
    await until('the log is asked for', () => world.proxy.requests.some(({ path }) => path.endsWith('/log')));
    for (const text of ['first', 'second']) {
      logs.write(placeIn(world), text);
      await until(`${text} is read`, () => seen.at(-1)?.endsWith(` ${text}`) === true);
    }
    logs.restart(placeIn(world));
    await done;
    expect([seen.length, end]).toEqual([2, 'ended']);
  });

  test('is no longer asked for when no one reads it', async () => {
    const world = await startPods();
    world.kubernetes.logs.write(placeIn(world), 'one');
    const gone = new AbortController();
    const following = read(world, { follow: true }, question.permit, gone.signal);
    await until('it is followed', () => world.proxy.traffic().idle > 0);
    gone.abort(new Error('the client is gone'));
    await expect(following).rejects.toThrow('the client is gone');
    await until('the API server is left alone', () => world.proxy.traffic().idle === 0);
  });

  test('needs the right to it before anything is read', async () => {
    const world = await startPods();
    const asked: ResourceRight[] = [];
    const permit = async (right: ResourceRight) => {
      asked.push(right);
      if (right.subresource === 'log') throw new FluxError('ann may not', { code: 'api/forbidden', fault: 'user' });
    };
    world.proxy.clear();
    await expect(read(world, {}, permit)).rejects.toMatchObject({ code: 'api/forbidden' });
    const { pod } = placeIn(world);
    expect(asked).toEqual([{ verb: 'get', group: '', resource: 'pods', subresource: 'log', namespace: 'default', name: pod }]);
    expect(world.proxy.requests.filter(({ path }) => path.includes('/namespaces/'))).toEqual([]);
    asked.length = 0;
    await read(world, {}, async (right) => void asked.push(right));
    expect(asked.slice(1)).toEqual([
      { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'default', name: 'web' },
      { verb: 'get', group: '', resource: 'pods', namespace: 'default', name: pod },
      { verb: 'get', group: 'apps', resource: 'replicasets', namespace: 'default', name: pod.replace(/-\d+$/, '') },
    ]);
  });

  test('is that of a pod of the workload, although others have its labels', async () => {
    const world = await startPods();
    for (const pod of [...world.others, 'absent', '..', '../secrets', ''])
      await expect(read(world, { pod })).rejects.toMatchObject({ code: 'live/no-pod', fault: 'missing' });
    await expect(read(world, { container: 'other' })).rejects.toMatchObject({ code: 'live/no-container', fault: 'missing' });
    expect(world.proxy.requests.filter(({ path }) => path.endsWith('/log'))).toEqual([]);
  });

  test('of which there is too much ends at a limit', async () => {
    const world = await startPods();
    world.kubernetes.logs.write(placeIn(world), `${'x'.repeat(1_000)}\n`.repeat(10_000));
    const { lines, end } = await read(world);
    expect(end).toBe('limit');
    expect(lines.length).toBeGreaterThan(8_000);
    expect(lines.length).toBeLessThan(8_400);
  });
});

const PODS: Directory = {
  find: () => builtIn('Pod', 'pods'),
  served: () => [],
  kinds: [],
  all: [],
  isExcluded: () => false,
  missing: [],
  unseen: [],
  vanished: [],
};

test('no more of a log is taken than is read, and a reading ends after a while', async () => {
  let taken = 0;
  let isOpen = true;
  const over = new AbortController();
  const pod = { metadata: { uid: 'p' }, spec: { containers: [{ name: 'web' }] } };
  const chunk = Buffer.from('2030-01-01T00:00:00Z x\n');
  const pieces = await liveLogs(
    {
      id: 'default:pod/web',
      desired: { object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default' } } },
      permit: async () => undefined,
      ...QUERY,
      follow: true,
      pod: 'web',
    },
    {
      transport: {
        request: async () => ({ status: 200, headers: {}, attempts: 1, body: pod }),
        stream: async () => ({
          status: 200,
          headers: { 'content-type': 'text/plain' },
          destroy: () => undefined,
          async *[Symbol.asyncIterator]() {
            try {
              for (;;) {
                taken += 1;
                yield chunk;
                over.signal.throwIfAborted();
              }
            } finally {
              isOpen = false;
            }
          },
        }),
      },
      allowed: createAllowedNamespaces([]),
      directory: async () => PODS,
      clock: { deadline: () => ({ signal: over.signal, [Symbol.dispose]: () => undefined }) },
    },
    new AbortController().signal,
  );
  const reader = pieces[Symbol.asyncIterator]();
  for (let read = 1; read <= 3; read += 1) {
    expect((await reader.next()).value).toMatchObject({ type: 'lines' });
    expect(taken).toBe(read);
  }
  over.abort(new DOMException('time is up', 'TimeoutError'));
  expect((await reader.next()).value).toEqual({ type: 'end', reason: 'renew' });
  expect(isOpen).toBe(false);
});
