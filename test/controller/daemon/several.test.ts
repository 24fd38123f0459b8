import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Daemon, JobStatus, SyncReport, WorkloadStatus } from '../../../src/controller/daemon/daemon.ts';
import type { SourceDaemon } from '../../../src/controller/daemon/facade.ts';
import { combineDaemons } from '../../../src/controller/daemon/several.ts';
import { objectKey } from '../../../src/controller/index.ts';
import type { UpdateSpec } from '../../../src/update/index.ts';
import { daemonOf, queuedSync } from '../../api/daemon-fixture.ts';

const missing = (what: string) => new FluxError(`unknown ${what}`, { code: 'x/unknown', fault: 'missing' });

/** The daemon of a source that has one workload, knows its own syncs and jobs, and answers the rest as told. */
function sourceDaemon(name: string, parts: Partial<SourceDaemon> = {}) {
  const jobs = new Map<string, JobStatus>();
  const reports = new Map<string, SyncReport>();
  const updates: UpdateSpec[] = [];
  const daemon: SourceDaemon = {
    source: name,
    ...daemonOf({
      sources: [name],
      async update(spec) {
        const id = `job-of-${name}-${updates.push(spec)}`;
        jobs.set(id, { state: 'queued', error: '' });
        return id;
      },
      async job(id) {
        const job = jobs.get(id);
        if (job) return job;
        throw missing('job');
      },
      startSync() {
        const report = queuedSync(`sync-of-${name}`);
        reports.set(report.id, report);
        return report;
      },
      sync(id) {
        const report = reports.get(id);
        if (report) return report;
        throw missing('sync');
      },
      ...parts,
    }),
    workloadIds: async () => new Set([`shop:deployment/${name}`]),
    knows: parts.knows ?? (async () => 0),
    requireAcceptance: parts.requireAcceptance ?? (() => undefined),
  };
  return { daemon, jobs, reports, updates };
}

function two(a: Partial<SourceDaemon> = {}, b: Partial<SourceDaemon> = {}) {
  const [one, other] = [sourceDaemon('a', a), sourceDaemon('b', b)];
  return { a: one, b: other, daemon: combineDaemons([one.daemon, other.daemon]) };
}

const cause = { Message: '', User: '' };
const releaseAll: UpdateSpec = {
  type: 'image',
  cause,
  spec: { ServiceSpecs: ['<all>'], ImageSpec: '<all latest>', Kind: 'execute', Excludes: null, Force: false },
};
const lock = (...ids: string[]): UpdateSpec => ({
  type: 'policy',
  cause,
  spec: Object.fromEntries(ids.map((id) => [id, { add: { locked: 'true' }, remove: null }])),
});

test('one source is answered by its own daemon, unchanged', () => {
  const { daemon } = sourceDaemon('default');
  expect(combineDaemons([daemon])).toBe(daemon);
});

test('sources are named, and each can be asked alone', () => {
  const { daemon, a, b } = two();
  expect(daemon.sources).toEqual(['a', 'b']);
  expect([daemon.of('a'), daemon.of('b')]).toEqual([a.daemon, b.daemon]);
  expect(() => daemon.of('c')).toThrow(
    expect.objectContaining({ code: 'source/unknown', help: 'The sources of this daemon are a, b.' }),
  );
});

describe('a change', () => {
  test('goes to the sources that it concerns, each with its share', async () => {
    const { daemon, a, b } = two();
    await daemon.update(lock('shop:deployment/b', 'shop:deployment/a'));
    expect([a.updates, b.updates]).toEqual([[lock('shop:deployment/a')], [lock('shop:deployment/b')]]);
    expect(await daemon.update(lock('shop:deployment/b'))).toBe('job-of-b-2');
    expect(a.updates).toHaveLength(1);
  });

  test('of what no source has is answered by the first', async () => {
    const { daemon, a, b } = two();
    await daemon.update(lock('shop:deployment/nowhere'));
    expect([a.updates.length, b.updates.length]).toEqual([1, 0]);
  });

  const done = (revision: string, id: string): JobStatus => ({
    state: 'succeeded',
    error: '',
    revision,
    result: { [id]: { Status: 'success', PerContainer: null } },
  });
  const nothing: JobStatus = { state: 'failed', error: 'no changes made in repo', noChanges: true };

  test.each<[string, JobStatus, JobStatus, Partial<JobStatus>]>([
    ['waits for all', { state: 'running', error: '' }, done('r2', 'b'), { state: 'running' }],
    [
      'waits for all, failed ones too',
      { state: 'queued', error: '' },
      { state: 'failed', error: 'no' },
      { state: 'running', error: '' },
    ],
    ['is queued while all are', { state: 'queued', error: '' }, { state: 'queued', error: '' }, { state: 'queued' }],
    ['succeeds with all', done('r1', 'a'), done('r2', 'b'), { state: 'succeeded', revision: 'r1' }],
    [
      'succeeds although a source has nothing to change',
      nothing,
      done('r2', 'b'),
      { state: 'succeeded', error: '', revision: 'r2' },
    ],
    ['has nothing to change if no source has', nothing, nothing, { state: 'failed', error: 'no changes made in repo' }],
    [
      'fails with one',
      done('r1', 'a'),
      { state: 'failed', error: 'push denied' },
      { state: 'failed', error: 'source b: push denied' },
    ],
  ])('%s', async (_, first, second, expected) => {
    const { daemon, a, b } = two();
    const id = await daemon.update(releaseAll);
    expect(id).toBe('job-of-a-1.job-of-b-1');
    a.jobs.set('job-of-a-1', first);
    b.jobs.set('job-of-b-1', second);
    expect(await daemon.job(id)).toMatchObject(expected);
  });

  test('is refused as a whole, with the name of the source that refuses it', async () => {
    const started: string[] = [];
    const { daemon, a, b } = two(
      { startSync: () => queuedSync(`s${started.push('a')}`) },
      {
        requireAcceptance() {
          throw new FluxError('this daemon is on standby', { code: 'lease/elsewhere', expected: true, help: 'Use that one.' });
        },
      },
    );
    const refusal = {
      code: 'lease/elsewhere',
      message: 'source b: this daemon is on standby',
      expected: true,
      help: expect.stringMatching(/^Use that one\.\nDifferent daemons .* --source/),
    };
    await expect(daemon.update(releaseAll)).rejects.toMatchObject(refusal);
    expect(() => daemon.startSync()).toThrow(expect.objectContaining(refusal));
    expect([a.updates, b.updates, started]).toEqual([[], [], []]);
    expect(await daemon.update(lock('shop:deployment/a'))).toBe('job-of-a-1');
  });

  test('is answered by the source that knows it, without waiting for the others', async () => {
    const { daemon, b } = two({ job: () => new Promise(() => undefined) });
    b.jobs.set('j', { state: 'running', error: '' });
    expect(await daemon.job('j')).toEqual({ state: 'running', error: '' });
  });

  test('that is unknown is an error', async () => {
    await expect(two().daemon.job('nowhere')).rejects.toMatchObject({ code: 'x/unknown' });
  });

  test('has the result of the source that did something', async () => {
    const { daemon, a, b } = two();
    const id = await daemon.update(releaseAll);
    const notHere = { Status: 'skipped', Error: 'not in repo', PerContainer: null } as const;
    a.jobs.set('job-of-a-1', { ...done('r1', 'x'), result: { x: { Status: 'success', PerContainer: null }, y: notHere } });
    b.jobs.set('job-of-b-1', { ...done('r2', 'y'), result: { x: notHere, y: { Status: 'success', PerContainer: null } } });
    expect((await daemon.job(id)).result).toEqual({
      x: { Status: 'success', PerContainer: null },
      y: { Status: 'success', PerContainer: null },
    });
  });
});

test('a sync is one of all sources', () => {
  const { daemon, a, b } = two();
  const { id, state } = daemon.startSync();
  expect([id, state]).toEqual(['sync-of-a.sync-of-b', 'queued']);
  const change = { id: 'shop:configmap/x', inGit: true, place: { file: 'x', document: 1, line: 1 } } as const;
  a.reports.set('sync-of-a', {
    ...queuedSync('sync-of-a'),
    state: 'done',
    revision: 'r1',
    startedAt: 2,
    finishedAt: 5,
    counts: { created: 1, unchanged: 2 },
    changes: [{ ...change, outcome: 'created' }],
  });
  expect(daemon.sync(id)).toMatchObject({ state: 'running', revision: 'r1', startedAt: 2 });
  expect(daemon.sync(id)).not.toHaveProperty('finishedAt');
  const failure = new FluxError('no route', { code: 'git/unreachable' });
  b.reports.set('sync-of-b', {
    ...queuedSync('sync-of-b'),
    state: 'done',
    startedAt: 1,
    finishedAt: 4,
    counts: { created: 2 },
    failure,
  });
  expect(daemon.sync(id)).toMatchObject({
    id,
    state: 'done',
    startedAt: 1,
    finishedAt: 5,
    counts: { created: 3, unchanged: 2 },
    changes: [{ ...change, outcome: 'created', source: 'a' }],
    sources: [{ name: 'a', revision: 'r1' }, { name: 'b' }],
    failure: { message: 'source b: no route', code: 'git/unreachable' },
  });
  expect(() => daemon.sync('nowhere')).toThrow('unknown sync');
});

describe('lists', () => {
  const workload = (id: string, more: Partial<WorkloadStatus>): WorkloadStatus => ({
    ...{ id, containers: [], readOnly: '', status: 'ready', syncError: '', antecedent: '', labels: {} },
    rollout: { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: [] },
    ...{ automated: false, locked: false, ignore: false, policies: {}, ...more },
  });

  test('of workloads have each once, as the source knows it that can change it', async () => {
    const { daemon } = two(
      {
        listWorkloads: async () => [
          workload('x', {}),
          workload('y', { readOnly: 'NotInRepo' }),
          workload('z', { readOnly: 'NotInRepo' }),
        ],
      },
      {
        listWorkloads: async () => [
          workload('x', { readOnly: 'NotInRepo' }),
          workload('y', { automated: true }),
          workload('z', { readOnly: 'NotReady' }),
        ],
      },
    );
    expect(await daemon.listWorkloads({ namespace: '', ids: [] })).toMatchObject([
      { id: 'x', readOnly: '' },
      { id: 'y', readOnly: '', automated: true },
      { id: 'z', readOnly: 'NotReady' },
    ]);
  });

  test('of images follow the policies of the source that has the workload', async () => {
    const images = (text: string) =>
      ['a', 'b'].map((name) => ({ id: `shop:deployment/${name}`, containers: [{ name: text } as never] }));
    const { daemon } = two({ listImages: async () => images('by a') }, { listImages: async () => images('by b') });
    const listed = await daemon.listImages({ namespace: '', spec: '<all>' });
    expect(listed.map(({ id, containers: [container] }) => [id, container?.name])).toEqual([
      ['shop:deployment/a', 'by a'],
      ['shop:deployment/b', 'by b'],
    ]);
  });

  test('of commits that are not synced come from the sources that have the ref', async () => {
    const { daemon } = two(
      { syncStatus: () => Promise.reject(new FluxError('bad revision', { code: 'git/bad-revision' })) },
      { syncStatus: async () => ['r2'] },
    );
    expect(await daemon.syncStatus('r2')).toEqual(['r2']);
    const none = { syncStatus: () => Promise.reject(new FluxError('bad revision', { code: 'git/bad-revision' })) };
    await expect(two(none, none).daemon.syncStatus('r3')).rejects.toMatchObject({ code: 'git/bad-revision' });
  });

  test('of held deletions are approved together or one by one', () => {
    const approved: string[] = [];
    const part = (hash: string): Partial<Daemon> => ({
      heldDeletions: () => ({ hash, deletions: [{ id: hash, reason: 'many' }], orphans: [{ id: 'o', uid: 'u' }] }),
      approveDeletions(asked) {
        if (asked !== hash) throw new FluxError('another list', { code: 'gc/changed' });
        approved.push(hash);
        return queuedSync(`sync-for-${hash}`);
      },
    });
    const { daemon } = two(part('h1'), part('h2'));
    expect(daemon.heldDeletions()).toEqual({
      hash: 'h1.h2',
      deletions: [
        { id: 'h1', reason: 'many' },
        { id: 'h2', reason: 'many' },
      ],
      orphans: [{ id: 'o', uid: 'u' }],
    });
    expect(daemon.approveDeletions('h1.h2').id).toBe('sync-for-h1.sync-for-h2');
    expect(daemon.approveDeletions('h2').id).toBe('sync-for-h2');
    expect(approved).toEqual(['h1', 'h2', 'h2']);
    for (const outdated of ['h3', 'h1.h3', 'h3.h2'])
      expect(() => daemon.approveDeletions(outdated)).toThrow(
        expect.objectContaining({
          code: 'gc/changed',
          message: `the list of held deletions is not ${outdated}: it is h1.h2 now`,
        }),
      );
    expect(approved).toHaveLength(3);
  });

  test('of objects are sorted and name the source of each, with the failure of any', () => {
    const object = (id: string) => ({ id, state: 'synced', since: 1 }) as const;
    const failure = new FluxError('no route', { code: 'git/unreachable' });
    const { daemon } = two(
      { objects: () => ({ follows: [], revision: 'r1', syncedAt: 1, objects: [object('a'), object('c')] }) },
      { objects: () => ({ follows: [], objects: [object('b'), object('a')], failure }) },
    );
    const { objects, ...rest } = daemon.objects();
    expect(rest).toMatchObject({ revision: 'r1', syncedAt: 1, failure: { message: 'source b: no route' } });
    expect(objects.map(({ id, source }) => [id, source])).toEqual([
      ['a', 'a'],
      ['a', 'b'],
      ['b', 'b'],
      ['c', 'a'],
    ]);
    // The keys of pages: an object that two sources have is in both.
    expect(new Set(objects.map(objectKey)).size).toBe(4);
  });
});

test('a daemon is ready, settled and alive if all of its sources are', async () => {
  const { daemon } = two(
    { health: async () => ({ revision: 'r1', settled: true, counts: { current: 1 }, objects: [] }) },
    {
      health: async () => ({ revision: 'r2', settled: false, counts: { current: 1, inProgress: 1 }, objects: [] }),
      readiness: () => ({ ready: false, reason: 'Git: no route' }),
      liveness: () => 'the loop is stuck',
    },
  );
  expect(daemon.readiness()).toEqual({ ready: false, reason: 'source b: Git: no route' });
  expect(daemon.liveness()).toBe('the loop is stuck');
  expect(await daemon.health({ waitMs: 0 })).toEqual({
    revision: 'r1',
    settled: false,
    counts: { current: 2, inProgress: 1 },
    objects: [],
  });
  expect(two().daemon.readiness()).toEqual({ ready: true, reason: '' });
});

test('a source without health names itself', async () => {
  const { daemon } = two(
    { health: async () => ({ revision: 'r1', settled: true, counts: {}, objects: [] }) },
    { health: () => Promise.reject(new FluxError('nothing has been synced yet', { code: 'health/no-sync', fault: 'missing' })) },
  );
  await expect(daemon.health({ waitMs: 0 })).rejects.toMatchObject({
    message: 'source b: nothing has been synced yet',
    code: 'health/no-sync',
    fault: 'missing',
  });
});

test('the error of a source for which another daemon writes is the last to be shown', () => {
  const throwing = (code: string) => ({
    deleteOrphans: () => {
      throw new FluxError(code, { code });
    },
  });
  const { daemon } = two(throwing('lease/elsewhere'), throwing('gc/changed'));
  expect(() => daemon.deleteOrphans([])).toThrow('gc/changed');
});

test('a notice of a push reaches every source, one of an image the shared watch once', async () => {
  const { daemon, a, b } = two({ notify: async ({ kind }) => kind === 'image' }, { notify: async ({ kind }) => kind === 'git' });
  expect([a, b]).toHaveLength(2);
  expect(await daemon.notify({ kind: 'git', url: 'u', branch: 'main' })).toBe(true);
  expect(await daemon.notify({ kind: 'image', domain: '', image: 'i' })).toBe(true);
  expect(await daemon.notify({ kind: 'push' })).toBe(false);
});

test('a question about one repository has to name its source', async () => {
  const { daemon } = two();
  const refusal = { code: 'source/unnamed', help: expect.stringContaining('a, b') };
  await expect(daemon.diff({})).rejects.toMatchObject(refusal);
  await expect(daemon.history({ limit: 1 })).rejects.toMatchObject(refusal);
  await expect(daemon.writers()).rejects.toMatchObject(refusal);
  expect(await daemon.of('b').history({ limit: 1 })).toEqual({ entries: [] });
});

describe('suspending automation', () => {
  const who = { user: 'Ann', message: 'audit' };
  const state = (source: string): Awaited<ReturnType<Daemon['automation']>> => [{ source, memory: { in: 'cluster' } }];

  test('concerns every source, and each answers for itself', async () => {
    const suspended: string[] = [];
    const parts = (name: string): Partial<SourceDaemon> => ({
      automation: async () => state(name),
      suspendAutomation: async () => {
        suspended.push(name);
        return state(name);
      },
    });
    const { daemon } = two(parts('a'), parts('b'));
    expect((await daemon.automation()).map(({ source }) => source)).toEqual(['a', 'b']);
    expect((await daemon.suspendAutomation(who)).map(({ source }) => source)).toEqual(['a', 'b']);
    expect(suspended).toEqual(['a', 'b']);
    await daemon.of('b').suspendAutomation(who);
    expect(suspended).toEqual(['a', 'b', 'b']);
  });

  test('of none when another daemon writes for one of them', async () => {
    const suspended: string[] = [];
    const refusal = new FluxError('another daemon leads', { code: 'lease/elsewhere' });
    const { daemon } = two(
      {
        suspendAutomation: async () => {
          suspended.push('a');
          return [];
        },
      },
      {
        requireAcceptance: () => {
          throw refusal;
        },
      },
    );
    await expect(daemon.suspendAutomation(who)).rejects.toMatchObject({ message: 'source b: another daemon leads' });
    expect(suspended).toEqual([]);
  });
});

test('a question why goes to the source that knows most of it, which is named', async () => {
  const answer = (text: string) => ({ answer: text, state: 'ok', cause: 'ok', links: [], tags: [], others: [] }) as const;
  const { daemon } = two(
    { knows: async () => 1, why: async () => answer('of a') },
    { knows: async ({ by }) => (by === 'id' ? 2 : 0), why: async () => answer('of b') },
  );
  expect(await daemon.why({ by: 'id', id: 'shop:deployment/b' })).toMatchObject({ answer: 'of b', source: 'b' });
  expect(await daemon.why({ by: 'image', image: 'acme/web' })).toMatchObject({ answer: 'of a', source: 'a' });
});

test('relations of several sources are one list, the same one until one of theirs changes', async () => {
  const relation = (from: string) => ({ from, to: 'shop:configmap/x', type: 'uses' as const });
  let ofA = [relation('shop:deployment/a')];
  const ofB = [relation('shop:deployment/b')];
  const { daemon } = two({ relations: async () => ofA }, { relations: async () => ofB });
  const first = await daemon.relations();
  expect(first).toEqual([...ofA, ...ofB]);
  expect(await daemon.relations()).toBe(first);
  ofA = [];
  expect(await daemon.relations()).toEqual(ofB);
});
