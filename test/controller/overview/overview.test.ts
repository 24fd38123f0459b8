import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { ContainerDecision, Daemon, DecidedContainer } from '../../../src/controller/index.ts';
import { overviewOf } from '../../../src/controller/overview/overview.ts';
import { daemonOf } from '../../api/daemon-fixture.ts';
import { bestOfThreeTurns } from '../../support/turn-cpu.ts';

type Objects = ReturnType<Daemon['objects']>;
type Entry = Objects['objects'][number];

const REVISION = '3f7ab571aa00bb11cc22dd33ee44ff5566778899';
const place = { file: 'shop/cart.yaml', document: 0, line: 1 };

function withObjects(objects: readonly Entry[], others: Partial<Objects> = {}): Partial<Daemon> {
  return { objects: () => ({ follows: [{ name: 'main' }], revision: REVISION, syncedAt: 0, objects, ...others }) };
}

const failed = (id: string, since: number, message = 'denied', help?: string): Entry => ({
  id,
  state: 'failed',
  since,
  place,
  error: new FluxError(message, { code: 'cluster/denied', fault: 'user', ...(help ? { help } : {}) }),
});

const scan = (name: string, problem: string | undefined) => ({
  ...{ name, tags: 1, isScanning: false },
  ...(problem === undefined ? {} : { error: new FluxError(problem, { code: 'registry/unreachable' }) }),
});

const troublesOf = async (parts: Partial<Daemon>) => (await overviewOf(daemonOf(parts))).troubles;

function decided(part: Partial<ContainerDecision>): DecidedContainer {
  const decision = { image: 'a:1', pattern: 'glob:*', automated: false, state: 'held', code: '', text: '' } as const;
  return { id: 'a:deployment/b', container: 'c', decide: () => ({ ...decision, ...part }) };
}

describe('an overview has', () => {
  test('a source at a glance', async () => {
    const { sources, troubles } = await overviewOf(
      daemonOf({
        ...withObjects([
          { id: 'a:configmap/x', state: 'synced', since: 0, place },
          { id: 'a:configmap/y', state: 'synced', since: 0, place },
          { id: 'a:configmap/z', state: 'skipped', since: 0, place },
        ]),
        syncedCommit: async () => ({
          revision: REVISION,
          subject: 'Release',
          author: { name: 'Jane', email: 'jane@example.org' },
          committedAt: 1,
          trailers: [],
          ours: false,
        }),
        heldDeletions: () => ({ deletions: [{ id: 'a:configmap/old', reason: 'r' }] }),
        imageDecisions: async () => [
          decided({ automated: true, newest: '2', code: 'window' }),
          decided({ automated: true, newest: '2', code: 'window' }),
          decided({ automated: true, newest: '3', code: 'suspended' }),
          decided({ automated: false, newest: '3', code: 'not-automated' }),
          decided({ automated: true, code: 'newest' }),
        ],
      }),
    );
    expect(sources).toMatchObject([
      {
        name: 'default',
        follows: 'main',
        ready: true,
        revision: REVISION,
        syncedAt: 0,
        commit: { subject: 'Release', author: { name: 'Jane' }, committedAt: 1 },
        counts: { synced: 2, skipped: 1 },
        health: { settled: true },
        heldDeletions: 1,
        imagesWaiting: { window: 2, suspended: 1 },
        automation: 'on',
      },
    ]);
    expect(troubles).toEqual([]);
  });

  test('no health before the first sync', async () => {
    const none = () => Promise.reject(new FluxError('no sync yet', { code: 'health/none', fault: 'missing' }));
    const { sources } = await overviewOf(daemonOf({ health: none }));
    expect(sources[0]).not.toHaveProperty('health');
    const broken = () => Promise.reject(new FluxError('broken', { code: 'x' }));
    expect(await overviewOf(daemonOf({ health: broken }))).toMatchObject({
      sources: [{ name: 'default', ready: false }],
      troubles: [{ code: 'unread', source: 'default', text: 'the state of the source cannot be read: broken' }],
    });
  });
});

describe('what is wrong', () => {
  test.each<[string, Partial<Daemon>, object]>([
    [
      'a source whose syncs fail, rather than that it is not ready',
      {
        ...withObjects([], { failure: new FluxError('git is gone', { code: 'git/unreachable', help: 'Look at the network.' }) }),
        readiness: () => ({ ready: false, reason: 'r' }),
      },
      { code: 'sync-failed', state: 'failed', text: 'syncs fail: git is gone', next: { text: 'Look at the network.' } },
    ],
    [
      'a source that is not ready',
      { readiness: () => ({ ready: false, reason: 'git repo has not been cloned yet' }) },
      { code: 'not-ready', state: 'unknown', text: 'git repo has not been cloned yet' },
    ],
    [
      'commits that are not verified',
      withObjects([], {
        unverified: { head: 'h', commit: 'abcdef0123', why: 'has no signature', key: '', signer: '', commits: 3 },
      }),
      { code: 'not-verified', state: 'held', text: 'commit abcdef0 has no signature; it and what follows it, 3 commits, wait' },
    ],
    [
      'automation that a person suspended',
      {
        automation: async () => [
          { source: 'default', suspension: { user: 'Jane', message: 'audit', since: 5 }, memory: { in: 'cluster' } },
        ],
      },
      { code: 'suspended', state: 'held', text: 'automation is suspended by Jane: audit', since: 5 },
    ],
    [
      'an object that failed, with the advice of its error',
      withObjects([failed('a:deployment/b', 7, 'denied', 'Sign the image.')]),
      {
        code: 'object-failed',
        state: 'failed',
        text: 'denied',
        objects: ['a:deployment/b'],
        count: 1,
        since: 7,
        next: { text: 'Sign the image.' },
      },
    ],
    [
      'an object that failed without advice, which the next sync tries again',
      withObjects([failed('a:deployment/b', 7)]),
      { next: { text: 'The next sync tries again.' } },
    ],
    [
      'a document without a name, by its file',
      withObjects([{ state: 'refused', since: 1, place, error: new FluxError('no kind', { code: 'x' }) }]),
      { code: 'object-refused', objects: [], count: 1, place: 'shop/cart.yaml:1', text: 'no kind' },
    ],
    [
      'a held deletion',
      withObjects([{ id: 'a:configmap/b', state: 'held', since: 1, reason: 'too many' }]),
      { code: 'object-held', state: 'held', text: 'too many', next: { text: 'fluxctl gc lists what is held, and approves it.' } },
    ],
    [
      'an object that waits for another',
      withObjects([
        {
          id: 'a:configmap/b',
          state: 'held',
          since: 1,
          place,
          reason: 'waits for c',
          waitsFor: { path: 'c', id: 'a:job/c', forHealth: false },
        },
      ]),
      { state: 'held', next: { text: 'It is applied as soon as what it waits for allows it.' } },
    ],
    [
      'replicas that another manager holds',
      withObjects([{ id: 'a:deployment/b', state: 'waiting', since: 1, place, reason: 'replicas' }]),
      { state: 'waiting', next: { text: 'Scale the object to the number in Git once, or remove spec.replicas from the file.' } },
    ],
    [
      'an object that is not healthy',
      {
        health: async () => ({
          revision: 'r',
          settled: true,
          counts: {},
          objects: [
            { id: 'a:deployment/b', state: 'failed', message: 'pods crash' },
            { id: 'a:deployment/c', state: 'inProgress', message: '1 of 2' },
          ],
        }),
      },
      { code: 'unhealthy', state: 'failed', text: 'pods crash', objects: ['a:deployment/b'] },
    ],
    [
      'a registry that fails',
      { registryHosts: () => [{ name: 'ghcr.io', repositories: 3, failed: 2, blockedUntil: 9, budgets: [] }] },
      { code: 'registry-failed', text: '2 of 3 image repositories of ghcr.io cannot be read', next: { at: 9 } },
    ],
    [
      'one image repository that fails, with why',
      {
        registryHosts: () => [{ name: 'ghcr.io', repositories: 3, failed: 1, budgets: [] }],
        imageScans: () => [
          scan('ghcr.io/acme/web', undefined),
          scan('quay.io/acme/cart', 'gone'),
          scan('ghcr.io/acme/cart', 'read manifest of tag 1.2: status 500'),
        ],
      },
      { code: 'registry-failed', text: 'ghcr.io/acme/cart cannot be read: read manifest of tag 1.2: status 500' },
    ],
    [
      'many image repositories that fail, by the names of some',
      {
        registryHosts: () => [{ name: 'ghcr.io', repositories: 9, failed: 5, budgets: [] }],
        imageScans: () => ['a', 'b', 'c', 'd', 'e'].map((name) => scan(`ghcr.io/${name}`, 'status 500')),
      },
      { text: '5 of 9 image repositories of ghcr.io cannot be read: ghcr.io/a, ghcr.io/b, ghcr.io/c and 2 more' },
    ],
    [
      'a registry that asks to wait',
      { registryHosts: () => [{ name: 'ghcr.io', repositories: 3, failed: 0, blockedUntil: 9, budgets: [] }] },
      { code: 'registry-waits', text: 'ghcr.io asks to wait', next: { at: 9 } },
    ],
    [
      'the cache of image metadata',
      { imageCacheFailure: () => ({ since: 3, error: new FluxError('refused', { code: 'x' }) }) },
      { code: 'image-cache', since: 3 },
    ],
  ])('%s', async (_, parts, trouble) => {
    expect(await troublesOf(parts)).toMatchObject([trouble]);
  });

  test('a registry that answers is no trouble', async () => {
    expect(await troublesOf({ registryHosts: () => [{ name: 'ghcr.io', repositories: 3, failed: 0, budgets: [] }] })).toEqual([]);
  });

  test('one cause of many objects is one trouble, since the first', async () => {
    const objects = Array.from({ length: 9 }, (_, index) => failed(`a:configmap/${index}`, 100 - index));
    const [trouble, ...others] = await troublesOf(withObjects([...objects, failed('a:configmap/x', 1, 'quota')]));
    expect(trouble).toMatchObject({
      text: 'denied',
      objects: [0, 1, 2, 3, 4].map((index) => `a:configmap/${index}`),
      count: 9,
      since: 92,
    });
    expect(others).toMatchObject([{ text: 'quota', count: 1 }]);
  });

  test('the worst comes first, and of equal ones the newest', async () => {
    const troubles = await troublesOf(
      withObjects([
        { id: 'a:configmap/1', state: 'held', since: 900, reason: 'held' },
        failed('a:configmap/2', 10, 'old'),
        { id: 'a:configmap/3', state: 'waiting', since: 999, place, reason: 'waiting' },
        failed('a:configmap/4', 20, 'new'),
      ]),
    );
    expect(troubles.map(({ text }) => text)).toEqual(['new', 'old', 'held', 'waiting']);
  });

  test('of thousands a hundred are shown, and the others counted', async () => {
    const objects = Array.from({ length: 300 }, (_, index) => failed(`a:configmap/${index}`, index, `reason ${index}`));
    const { troubles, omitted } = await overviewOf(daemonOf(withObjects(objects)));
    expect([troubles.length, omitted]).toEqual([100, 200]);
  });
});

test('50,000 objects that fail, each for a reason of its own, do not block the event loop', async () => {
  const objects = Array.from({ length: 50_000 }, (_, index) => failed(`a:configmap/${index}`, index, `reason ${index}`));
  const daemon = daemonOf(withObjects(objects));
  expect((await bestOfThreeTurns(() => overviewOf(daemon), 50)).cpuMs).toBeLessThan(50);
});
