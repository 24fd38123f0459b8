import { describe, expect, test } from 'vitest';
import { historySchema, imageScansSchema, objectStatesSchema, problemSchema, writersSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import type { Daemon, HistoryPosition, ObjectState } from '../../src/controller/index.ts';
import type { ImageScan, RegistryHost } from '../../src/image/index.ts';
import { daemonOf, type Served, serve } from './daemon-fixture.ts';

const error = (message: string) => new FluxError(message, { code: 'x/y', help: 'ask https://me:secret@host' });
const state = (id: string, more: Partial<ObjectState> = {}): ObjectState => ({ id, state: 'synced', since: 0, ...more });

async function read(api: Served, path: string) {
  const { status, body } = await api.get(path);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body);
}

describe('GET /api/v1/objects', () => {
  const objects: readonly ObjectState[] = [
    state('blog:configmap/a'),
    state('shop:configmap/a', { place: { file: 'a.yaml', document: 1, line: 3 } }),
    state('shop:configmap/b', { state: 'failed', since: 1000, error: error('pull of https://u:hunter2@h/r failed') }),
    state('shop:configmap/c', { state: 'held', reason: 'at https://u:hunter2@h/r' }),
    { state: 'refused', since: 0, place: { file: 'z.yaml', line: 2 }, error: error('malformed YAML') },
  ];
  const serving = (parts: Partial<Daemon> = {}) =>
    serve(daemonOf({ objects: () => ({ follows: [], revision: 'r-1', syncedAt: 5000, objects }), ...parts }));

  test('says where every object stands, since when and why, without secrets', async () => {
    await using api = await serving();
    const answer = await read(api, '/api/v1/objects');
    expect(objectStatesSchema.parse(answer)).toEqual(answer);
    expect(answer).toMatchObject({ revision: 'r-1', syncedAt: '1970-01-01T00:00:05.000Z' });
    expect(answer.objects[2]).toEqual({
      id: 'shop:configmap/b',
      state: 'failed',
      since: '1970-01-01T00:00:01.000Z',
      error: { code: 'x/y', message: 'pull of https://u:***@h/r failed', help: 'ask https://me:***@host' },
    });
    expect(answer.objects[3].reason).toBe('at https://u:***@h/r');
    expect(answer.objects[4]).toMatchObject({ state: 'refused', place: { file: 'z.yaml', line: 2 } });
  });

  const FILTERS: readonly (readonly [string, readonly (string | undefined)[]])[] = [
    ['state=failed', ['shop:configmap/b']],
    ['state=failed,held', ['shop:configmap/b', 'shop:configmap/c']],
    ['state=failed&state=refused', ['shop:configmap/b', undefined]],
    ['namespace=blog', ['blog:configmap/a']],
    ['namespace=sho', []],
    ['namespace=shop&state=synced', ['shop:configmap/a']],
  ];
  test.each(FILTERS)('%s', async (query, ids) => {
    await using api = await serving();
    const answer = await read(api, `/api/v1/objects?${query}`);
    expect(answer.objects.map(({ id }: ObjectState) => id)).toEqual(ids);
  });

  test('before the first sync there is nothing to say, and a sync that came to nothing is told', async () => {
    await using api = await serve(daemonOf({ objects: () => ({ follows: [], objects: [], failure: error('no cluster') }) }));
    expect(await read(api, '/api/v1/objects')).toMatchObject({ objects: [], failure: { message: 'no cluster' } });
  });
});

describe('paging', () => {
  test.each([1, 2, 7, 1000])('in pages of %i tells each object once, also while others come and go', async (limit) => {
    let objects = Array.from({ length: 7 }, (_, n) => state(`a:configmap/${n}`));
    await using api = await serve(daemonOf({ objects: () => ({ follows: [], objects }) }));
    const told: string[] = [];
    let cursor = '';
    do {
      const answer = await read(api, `/api/v1/objects?limit=${limit}${cursor}`);
      told.push(...answer.objects.map(({ id }: ObjectState) => id));
      cursor = answer.next === undefined ? '' : `&cursor=${answer.next}`;
      objects = objects.filter(({ id }) => id !== 'a:configmap/0' && id !== 'a:configmap/1');
    } while (cursor !== '');
    expect(told.filter((id) => !/[01]$/.test(id))).toEqual([2, 3, 4, 5, 6].map((n) => `a:configmap/${n}`));
    expect(new Set(told).size).toBe(told.length);
  });

  test.each(['limit=0', 'limit=1001', 'limit=x', 'limit=', 'cursor=', 'cursor=x', 'cursor=e30', 'state=nope'])(
    '%s is refused',
    async (query) => {
      await using api = await serve();
      const { status, headers, body } = await api.get(`/api/v1/objects?${query}`);
      expect({ status, type: headers['content-type'] }).toEqual({ status: 400, type: 'application/problem+json' });
      expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ code: 'api/bad-request' });
    },
  );
});

describe('GET /api/v1/history', () => {
  const record = {
    version: 1 as const,
    daemon: 'fluxd/1',
    revision: '1'.repeat(40),
    startedAt: '2030-01-01T00:00:00Z',
    durationMs: 7,
    counts: { failed: 1 },
    changes: [{ id: 'a', outcome: 'failed', place: 'a.yaml:1', reason: 'at https://u:hunter2@h/r' }],
    imageUpdates: [{ commit: 'c', workload: 'w', container: 'c', from: 'i:1', to: 'i:2' }],
  };

  test('tells of syncs and of those that came to nothing', async () => {
    const failed = { kind: 'failed' as const, revision: 'r', startedAt: 0, failure: error('no cluster') };
    await using api = await serve(daemonOf({ history: async () => ({ entries: [failed, { kind: 'synced', record }] }) }));
    const answer = await read(api, '/api/v1/history');
    expect(historySchema.parse(answer)).toEqual(answer);
    expect(answer.syncs).toMatchObject([
      { revision: 'r', startedAt: '1970-01-01T00:00:00.000Z', failure: { message: 'no cluster' } },
      { revision: record.revision, durationMs: 7, changes: [{ id: 'a', reason: 'at https://u:***@h/r' }] },
    ]);
  });

  test('goes on where the page before ended', async () => {
    const asked: (HistoryPosition | undefined)[] = [];
    const positions: readonly HistoryPosition[] = [{ before: 3 }, { commit: '2'.repeat(40) }];
    const daemon = daemonOf({
      history: async ({ from }) => {
        asked.push(from);
        const next = positions[asked.length - 1];
        return { entries: [], ...(next ? { next } : {}) };
      },
    });
    await using api = await serve(daemon);
    for (let query = ''; ; ) {
      const { next } = await read(api, `/api/v1/history${query}`);
      if (next === undefined) break;
      query = `?cursor=${next}`;
    }
    expect(asked).toEqual([undefined, ...positions]);
  });

  test.each([{ commit: '--all' }, { before: -1 }, {}])('the made-up position %j does not reach Git', async (position) => {
    await using api = await serve();
    const cursor = Buffer.from(JSON.stringify(position)).toString('base64url');
    expect((await api.get(`/api/v1/history?cursor=${cursor}`)).status).toBe(400);
    expect(api.calls).toEqual([]);
  });
});

test('GET /api/v1/writers says who set the sync tag and wrote the notes', async () => {
  const jobNotes = { ref: 'refs/notes/flux', fluxd: 1, fluxV1: 2 };
  const tag = { name: 'flux-sync', revision: 'r', by: 'flux-v1', afterRecords: true } as const;
  await using api = await serve(daemonOf({ writers: async () => ({ syncTag: { ...tag, setAt: 1000 }, jobNotes }) }));
  const answer = await read(api, '/api/v1/writers');
  expect(writersSchema.parse(answer)).toEqual(answer);
  expect(answer).toEqual({ syncTag: { ...tag, setAt: '1970-01-01T00:00:01.000Z' }, jobNotes });
});

test('GET /api/v1/images/scans says when each repository was looked at, and when again', async () => {
  const scans: readonly ImageScan[] = [
    { name: 'h/a', tags: 3, scannedAt: 1000, isScanning: false, nextAt: 61_000 },
    {
      name: 'h/b',
      tags: 0,
      isScanning: false,
      blockedUntil: 5000,
      nextAt: 5000,
      error: error('401 for https://u:hunter2@h/b'),
    },
    { name: 'h/c', tags: 0, isScanning: true },
    { name: 'h/d', tags: 0, isScanning: false },
  ];
  await using api = await serve(daemonOf({ imageScans: () => scans }));
  const answer = await read(api, '/api/v1/images/scans');
  expect(imageScansSchema.parse(answer)).toEqual(answer);
  expect(answer.repositories).toMatchObject([
    { name: 'h/a', tags: 3, scanning: false, scannedAt: '1970-01-01T00:00:01.000Z', nextAt: '1970-01-01T00:01:01.000Z' },
    { name: 'h/b', rateLimitedUntil: '1970-01-01T00:00:05.000Z', error: { message: '401 for https://u:***@h/b' } },
    { name: 'h/c', scanning: true },
    { name: 'h/d', scanning: false },
  ]);
  expect((await read(api, '/api/v1/images/scans?limit=2')).repositories).toHaveLength(2);
});

test('GET /api/v1/images/scans says what each registry host still answers', async () => {
  const budget = { limit: 100, remaining: 7.5, windowMs: 21_600_000, countsLists: false };
  const hosts: readonly RegistryHost[] = [
    { name: 'h', repositories: 3, failed: 1, blockedUntil: 5000, budgets: [budget, { ...budget, account: 'u', resetAt: 9000 }] },
    { name: 'i', repositories: 1, failed: 0, budgets: [] },
  ];
  await using api = await serve(daemonOf({ registryHosts: () => hosts }));
  const answer = await read(api, '/api/v1/images/scans');
  expect(imageScansSchema.parse(answer)).toEqual(answer);
  const shown = { limit: 100, remaining: 7, windowSeconds: 21_600, countsLists: false };
  expect(answer.hosts).toEqual([
    {
      name: 'h',
      repositories: 3,
      failed: 1,
      rateLimitedUntil: '1970-01-01T00:00:05.000Z',
      budgets: [shown, { ...shown, account: 'u', resetAt: '1970-01-01T00:00:09.000Z' }],
    },
    { name: 'i', repositories: 1, failed: 0, budgets: [] },
  ]);
});

test('GET /api/v1/images/scans says since when the cache has failed, and why', async () => {
  const failure = { since: 5000, error: error('redis://u:hunter2@h: refused') };
  await using api = await serve(daemonOf({ imageCacheFailure: () => failure }));
  const answer = await read(api, '/api/v1/images/scans');
  expect(imageScansSchema.parse(answer)).toEqual(answer);
  expect(answer.cacheFailure).toMatchObject({
    since: '1970-01-01T00:00:05.000Z',
    error: { message: 'redis://u:***@h: refused' },
  });
  await using other = await serve();
  expect(await read(other, '/api/v1/images/scans')).not.toHaveProperty('cacheFailure');
});

describe('an ETag', () => {
  const GETS = [
    '/api/v1/objects',
    '/api/v1/history',
    '/api/v1/writers',
    '/api/v1/images/scans',
    '/api/v1/gc',
    '/api/v1/health',
    '/api/v1/syncs/x',
  ];

  test.each(GETS)('spares a client the answer of %s that it has', async (path) => {
    await using api = await serve();
    const { headers, status } = await api.get(path);
    expect({ status, cache: headers['cache-control'] }).toEqual({ status: 200, cache: 'private, no-cache' });
    const etag = headers.etag ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const sent of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const known = await api.get(path, { 'if-none-match': sent });
      expect(known).toMatchObject({ status: 304, body: '', headers: { etag } });
      // A length would be that of the answer which is spared.
      expect(known.headers['content-length']).toBeUndefined();
    }
    for (const sent of ['"other"', etag.slice(1, -1), ''])
      expect(await api.get(path, { 'if-none-match': sent })).toMatchObject({ status: 200, headers: { etag } });
  });

  test('changes with the answer, and is not given to errors and other methods', async () => {
    let hash = 'a';
    await using api = await serve(daemonOf({ heldDeletions: () => ({ hash, deletions: [] }) }));
    const before = (await api.get('/api/v1/gc')).headers.etag;
    hash = 'b';
    expect((await api.get('/api/v1/gc')).headers.etag).not.toBe(before);
    expect((await api.get('/api/v1/objects?limit=0')).headers.etag).toBeUndefined();
    expect((await api.post('/api/v1/syncs', '{}', { 'content-type': 'application/json' })).headers.etag).toBeUndefined();
  });
});

describe('what no route answers', () => {
  test('a path that is not served', async () => {
    await using api = await serve();
    const { status, headers, body } = await api.get('/api/v1/nope?x=1');
    expect({ status, type: headers['content-type'] }).toEqual({ status: 404, type: 'application/problem+json' });
    expect(JSON.parse(body)).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'no such path',
      instance: '/api/v1/nope',
      code: 'api/not-found',
      help: 'See /api/v1/openapi.json for the available paths.',
    });
  });

  test.each([
    ['DELETE', '/api/v1/syncs', 'POST'],
    ['GET', '/api/v1/syncs', 'POST'],
    ['POST', '/api/v1/objects', 'GET, HEAD'],
    ['PUT', '/api/v1/syncs/x', 'GET, HEAD'],
  ])('%s %s is answered with the methods that are', async (method, path, allow) => {
    await using api = await serve();
    const { status, headers, body } = await api.send(path, { method });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow });
    expect(JSON.parse(body)).toMatchObject({ code: 'api/method-not-allowed', instance: path });
  });
});

test('HEAD answers as GET does, without the body', async () => {
  await using api = await serve();
  for (const path of ['/api/v1/objects', '/api/v1/gc', '/api/v1/objects?state=bogus']) {
    const [get, head] = [await api.get(path), await api.send(path, { method: 'HEAD' })];
    expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' });
    expect({ status: head.status, body: head.body }).toEqual({ status: get.status, body: '' });
  }
});
