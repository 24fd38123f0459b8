import { beforeEach, describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change, PlanEntry, PlanRequest } from '../../../src/change/index.ts';
import { Progress } from '../../../src/controller/loop/progress.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { createRepositoryReader } from '../../../src/controller/repository/view.ts';
import { Approvals } from '../../../src/controller/sync/approvals.ts';
import { type SyncOptions, sync } from '../../../src/controller/sync/sync.ts';
import { createSyncRecorder, type SyncRecorder } from '../../../src/controller/sync/sync-recorder.ts';
import { accept } from '../../../src/git/accept.ts';
import { formatJobNote } from '../../../src/record/index.ts';
import type { Commit } from '../../../src/repository/index.ts';
import { changeOf } from '../../support/changes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { partOf } from '../../support/part-of.ts';
import { countTurns } from '../../support/turns.ts';

/** Ids mean the same all the time. */
const NAMES = {};

const OLD = '0'.repeat(40);
const NEW = '1'.repeat(40);

/** The two ends of a sync, as plain values that a test sets and reads. */
interface World {
  tag: string | undefined;
  commits: Commit[];
  rewritten: boolean;
  records: Map<string, string>;
  recorded: { revision: string; record?: string; tag?: false }[];
  /** `once`: the connection breaks at the next push, and no more. */
  refusePush: boolean | 'tag' | 'once';
  /** Objects that are not in Git, by name. */
  garbage: string[];
  planned: PlanRequest[];
  changes: Change[];
  notes: Map<string, string>;
}

function commit(trailers: readonly (readonly [string, string])[], ours = false, revision = NEW): Commit {
  return {
    revision,
    subject: 's',
    author: { name: 'a', email: 'a@b' },
    committedAt: 0,
    trailers: trailers.map(([name, value]) => ({ name, value })),
    ours,
  };
}

function deletionOf(name: string, action: 'prune' | 'held'): PlanEntry {
  return { id: `a:configmap/${name}`, inGit: false, uid: name, action, reason: 'no longer in Git' };
}

/** The same function, which tells when it is called. */
function told<Args extends unknown[], Result>(act: (...args: Args) => Result, tell: () => void): (...args: Args) => Result {
  return (...args) => {
    tell();
    return act(...args);
  };
}

interface Options extends SyncOptions {
  readonly recorder: SyncRecorder;
}

/** A sync and its record in Git, or why there is none. */
async function recorded(revision: string, options: Options) {
  const outcome = await sync(accept(revision), options);
  const unrecorded = await options.recorder.record(outcome).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { ...outcome, unrecorded };
}

function optionsFor(world: World): Options {
  const source = partOf<Source>({
    files: async () => [],
    follows: () => 'main',
    lineage: async (earlier: string, revision: string) =>
      earlier === revision ? 'same' : world.rewritten ? 'rewritten' : 'continues',
    marker: async () => world.tag,
    markerElsewhere: async () => undefined,
    resolve: async (revision: string) => revision,
    find: async (revision: string) => revision,
    commits: async (range: { from?: string; to: string; limit?: number }) => {
      // Whether the last sync is an ancestor: what it has that the new revision lacks.
      if (range.to === OLD) return world.rewritten ? [commit([])] : [];
      return world.commits.slice(0, range.limit);
    },
    notes: async () => world.notes,
    syncRecord: async (revision: string) => world.records.get(revision),
    syncRecords: async (revisions: readonly string[], limit: number) =>
      revisions
        .flatMap((revision) => {
          const text = world.records.get(revision);
          return text === undefined ? [] : [{ revision, text }];
        })
        .slice(0, limit),
    recordSync: async (request: World['recorded'][number]) => {
      const isRefused = world.refusePush === 'tag' ? request.tag !== false : world.refusePush;
      if (world.refusePush === 'once') world.refusePush = false;
      if (isRefused) throw new FluxError('push refused', { code: 'git/push-failed' });
      world.recorded.push(request);
      if (request.tag !== false) world.tag = request.revision;
      if (request.record !== undefined) world.records.set(request.revision, request.record);
    },
  });
  const cluster = partOf<Cluster>({
    plan: async (request: PlanRequest) => {
      world.planned.push(request);
      const { allowPrune = 0 } = request;
      return { entries: world.garbage.map((name) => deletionOf(name, world.garbage.length <= allowPrune ? 'prune' : 'held')) };
    },
    apply: async ({ entries }: { readonly entries: readonly PlanEntry[] }) => {
      const deleted = entries.filter(({ action }) => action === 'prune').map(({ id }) => id);
      world.garbage = world.garbage.filter((name) => !deleted.includes(`a:configmap/${name}`));
      return [
        ...world.changes,
        ...entries.map(
          ({ id, uid = '', action }): Change => ({
            id,
            uid,
            inGit: false,
            outcome: action === 'prune' ? 'deleted' : 'held',
            reason: '',
          }),
        ),
      ];
    },
    idOf: () => undefined,
    namesBy: () => NAMES,
  });
  const reader = createRepositoryReader(source, { read: async () => ({ manifests: [], errors: [], warnings: [] }) }, cluster);
  const clock = new ManualClock();
  return {
    source,
    reader,
    cluster,
    recorder: createSyncRecorder(source, 'fluxd/1', new ManualClock()),
    syncSet: 'set',
    garbageCollection: 'on',
    deletionLimit: 25,
    approvals: new Approvals(),
    progress: new Progress(),
    timeoutMs: 1000,
    onProgress: () => undefined,
    clock,
  };
}

describe('a sync', () => {
  let world: World;

  beforeEach(() => {
    world = {
      tag: OLD,
      commits: [],
      rewritten: false,
      records: new Map(),
      recorded: [],
      refusePush: false,
      garbage: [],
      planned: [],
      changes: [],
      notes: new Map(),
    };
  });

  test('others have their turn between reading, planning and applying', async () => {
    const options = optionsFor(world);
    const counter = countTurns();
    const turns: number[] = [];
    const note = () => void turns.push(counter.turns);
    const cluster = { ...options.cluster, plan: told(options.cluster.plan, note), apply: told(options.cluster.apply, note) };
    const reader = { ...options.reader, read: told(options.reader.read, note) };
    await recorded(NEW, { ...options, cluster, reader });
    counter.stop();
    expect(turns).toHaveLength(3);
    expect(new Set(turns).size).toBe(3);
  });

  test('what is approved while it runs is left to the next one, which tells of it', async () => {
    const options = optionsFor(world);
    const deletion = { id: 'shop:configmap/a', uid: 'uid-a' } as const;
    const held: Change = { ...deletion, inGit: false, outcome: 'held', reason: 'too many', approval: 'abc' };
    options.approvals.update([held]);
    world.changes = [held];
    const approve = told(options.reader.read, () => options.approvals.approve('abc'));
    await recorded(NEW, { ...options, reader: { ...options.reader, read: approve } });
    options.approvals.takeEffect();
    await recorded(NEW, options);
    expect(world.planned.map(({ approved }) => approved)).toEqual([[], [deletion]]);
  });

  test('the cause of a change that waits for others comes with it later, and no longer', async () => {
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { template: {} } };
    const web = { object, checksum: 'sum of web', place: { file: 'web.yaml', document: 1, line: 1 } };
    const progress = new Progress();
    progress.applied = OLD;
    const options = { ...optionsFor(world), progress, changeCause: true };
    const reader = {
      ...options.reader,
      read: async () => ({ ...(await options.reader.read(accept(NEW))), state: { manifests: [web], errors: [], warnings: [] } }),
    };
    world.commits = [commit([])];
    const wait: Change = {
      ...{ id: 'a:deployment/web', inGit: true, place: web.place, outcome: 'held', reason: 'waits for db' },
      waitsFor: { path: 'db', forHealth: true },
    };
    for (const change of [wait, changeOf('a:deployment/web', 'created'), changeOf('a:deployment/web', 'unchanged')]) {
      world.changes = [change];
      const outcome = await recorded(NEW, { ...options, reader });
      progress.done(outcome);
    }
    const cause = new Map([['sum of web', 's']]);
    expect(world.planned.map(({ changeCauses }) => changeCauses)).toEqual([cause, cause, undefined]);
  });

  test.each<[string, Commit[], number | undefined]>([
    ['no trailer', [commit([])], undefined],
    ['a person', [commit([['allow-prune', '3']])], 3],
    ['several people: the largest', [commit([['allow-prune', '3']]), commit([['allow-prune', '12']])], 12],
    ['our own commit', [commit([['allow-prune', '3']], true)], undefined],
    [
      'nonsense',
      [commit([['allow-prune', 'all']]), commit([['allow-prune', '-1']]), commit([['allow-prune', '1e9']])],
      undefined,
    ],
  ])('R-021: deletions are confirmed by %s', async (_who, commits, allowed) => {
    world.commits = commits;
    await recorded(NEW, optionsFor(world));
    expect(world.planned[0]?.allowPrune).toBe(allowed);
  });

  test.each<[string, Partial<World>]>([
    ['without a last sync', { tag: undefined }],
    ['after history was rewritten', { rewritten: true }],
    ['at an unchanged revision', { tag: NEW }],
  ])('R-021: %s only the newest commit confirms', async (_when, change) => {
    Object.assign(world, change);
    world.commits = [commit([]), commit([['allow-prune', '3']])];
    await recorded(NEW, optionsFor(world));
    expect(world.planned[0]?.allowPrune).toBeUndefined();
    Object.assign(world, change, { commits: [commit([['allow-prune', '3']])], records: new Map() });
    await recorded(NEW, optionsFor(world));
    expect(world.planned[1]?.allowPrune).toBe(3);
  });

  test.each<[string, Partial<World>]>([
    ['at an unchanged revision', { tag: NEW }],
    ['without a last sync', { tag: undefined }],
    ['after history was rewritten', { rewritten: true }],
  ])('R-021: %s a confirmation counts again until its deletions are done, and then never again', async (_when, change) => {
    world.commits = [commit([['allow-prune', '3']])];
    const options = optionsFor(world);
    const confirmed = async (changes: Change[]) => {
      Object.assign(world, change);
      world.changes = changes;
      await recorded(NEW, options);
      return world.planned.at(-1)?.allowPrune;
    };
    const deletion = (name: string, outcome: 'held' | 'deleted' | 'failed'): Change => {
      const object = { id: `a:configmap/${name}`, inGit: false, uid: name } as const;
      return outcome === 'failed'
        ? { ...object, outcome, error: new FluxError('denied', { code: 'x/y' }) }
        : { ...object, outcome, reason: 'no longer in Git' };
    };
    expect(await confirmed([deletion('x', 'held'), deletion('y', 'held')])).toBe(3);
    expect(await confirmed([deletion('x', 'deleted'), deletion('y', 'failed')])).toBe(3);
    expect(await confirmed([deletion('y', 'deleted')])).toBe(2);
    expect(await confirmed([deletion('z', 'held')])).toBeUndefined();
    expect(await confirmed([deletion('z', 'held')])).toBeUndefined();
  });

  describe('R-021: a confirmation counts once', () => {
    const confirming = [commit([['allow-prune', '3']])];

    test.each<[string, World['refusePush']]>([
      ['the sync tag is protected', 'tag'],
      ['all is well', false],
    ])('over restarts too, while %s', async (_, refusePush) => {
      Object.assign(world, { refusePush, commits: confirming, garbage: ['x', 'y', 'z'] });
      await recorded(NEW, optionsFor(world));
      expect(world.garbage).toEqual([]);
      // Another process, to which a repository that was emptied looks the same.
      for (let restart = 0; restart < 3; restart += 1) {
        world.garbage = ['p', 'q', 'r'];
        await recorded(NEW, optionsFor(world));
        expect(world.garbage).toEqual(['p', 'q', 'r']);
      }
    });

    test('and not at all where Git takes no note of it, which is said', async () => {
      Object.assign(world, { refusePush: true, commits: confirming, garbage: ['x', 'y', 'z'] });
      const { warnings, changes } = await recorded(NEW, optionsFor(world));
      expect(warnings.map(({ error }) => error.code)).toEqual(['gc/unclaimed']);
      expect(changes.map(({ outcome }) => outcome)).toEqual(['held', 'held', 'held']);
      expect(world.garbage).toEqual(['x', 'y', 'z']);
    });

    test('and is not lost when the note of it fails once: the next sync does what it confirms', async () => {
      Object.assign(world, { refusePush: 'once', commits: confirming, garbage: ['x', 'y', 'z'] });
      await recorded(NEW, optionsFor(world));
      expect([world.tag, world.garbage]).toEqual([NEW, ['x', 'y', 'z']]);
      await recorded(NEW, optionsFor(world));
      expect(world.garbage).toEqual([]);
      world.garbage = ['p', 'q', 'r'];
      await recorded(NEW, optionsFor(world));
      expect(world.garbage).toEqual(['p', 'q', 'r']);
    });

    test('with what it leaves still counting, and a newer one counting by itself', async () => {
      Object.assign(world, { refusePush: 'tag', commits: [commit([['allow-prune', '5']])], garbage: ['x', 'y', 'z'] });
      await recorded(NEW, optionsFor(world));
      world.garbage = ['p', 'q'];
      await recorded(NEW, optionsFor(world));
      expect(world.garbage).toEqual([]);
      const next = '2'.repeat(40);
      world.commits = [commit([['allow-prune', '1']], false, next), ...world.commits];
      world.garbage = ['s', 't'];
      await recorded(next, optionsFor(world));
      expect(world.garbage).toEqual(['s', 't']);
      world.garbage = ['s'];
      await recorded(next, optionsFor(world));
      expect(world.garbage).toEqual([]);
    });
  });

  test('moves the tag and writes one record; a second sync with the same outcome writes nothing', async () => {
    const options = optionsFor(world);
    world.changes = [changeOf('a:configmap/x', 'created')];
    await recorded(NEW, options);
    expect(world.recorded).toHaveLength(1);
    expect(JSON.parse(world.records.get(NEW) ?? '')).toMatchObject({
      version: 1,
      revision: NEW,
      previous: OLD,
      daemon: 'fluxd/1',
      counts: { created: 1 },
    });
    world.changes = [changeOf('a:configmap/x', 'unchanged')];
    await recorded(NEW, options);
    expect(world.recorded).toHaveLength(1);
  });

  test('rewrites the record when there is new trouble, and when it is over', async () => {
    const options = optionsFor(world);
    await recorded(NEW, options);
    world.changes = [changeOf('a:configmap/x', 'failed', 'no')];
    await recorded(NEW, options);
    await recorded(NEW, options);
    expect(world.recorded).toHaveLength(2);
    expect(world.records.get(NEW)).toContain('"reason":"no"');
    world.changes = [changeOf('a:configmap/x', 'configured')];
    await recorded(NEW, options);
    expect(world.recorded).toHaveLength(3);
  });

  describe('deletions that a person has to confirm (R-021)', () => {
    const asks = (options: Options, unconfirmed = true): Options => ({
      ...options,
      cluster: { ...options.cluster, plan: async (request) => ({ ...(await options.cluster.plan(request)), unconfirmed }) },
    });

    test('are recorded, told to the first plan of the next process, and to no other', async () => {
      await recorded(NEW, asks(optionsFor(world)));
      expect(JSON.parse(world.records.get(NEW) ?? '')).toMatchObject({ unconfirmed: true });
      const restarted = asks(optionsFor(world), false);
      const progress = new Progress();
      progress.done(await recorded(NEW, { ...restarted, progress }));
      await recorded(NEW, { ...restarted, progress });
      expect(world.planned.map(({ unconfirmed }) => unconfirmed)).toEqual([false, true, undefined]);
      expect(JSON.parse(world.records.get(NEW) ?? '')).not.toHaveProperty('unconfirmed');
    });

    test('stay recorded while garbage is not collected', async () => {
      await recorded(NEW, asks(optionsFor(world)));
      await recorded(NEW, { ...optionsFor(world), garbageCollection: 'off' });
      expect(JSON.parse(world.records.get(NEW) ?? '')).toMatchObject({ unconfirmed: true });
    });

    test.each<[string, Partial<World>, unknown]>([
      ['what the tag names, where it is another revision', {}, []],
      ['nothing is certain, without a tag', { tag: undefined }, []],
      ['everything is, where the tag names this revision', { tag: NEW }, undefined],
    ])('are counted among %s, by the first plan of a process', async (_what, change, before) => {
      Object.assign(world, change);
      await recorded(NEW, optionsFor(world));
      expect(world.planned[0]?.before).toEqual(before);
    });
  });

  test('names the image updates that our own commits brought in', async () => {
    const update = { Container: 'c', Current: 'i:1', Target: 'i:2' };
    world.commits = [commit([['flux-job-id', 'j']], true)];
    world.notes.set(
      NEW,
      formatJobNote({ jobId: 'j', spec: {}, result: { 'a:deployment/x': { Status: 'success', PerContainer: [update] } } }),
    );
    await recorded(NEW, optionsFor(world));
    expect(JSON.parse(world.records.get(NEW) ?? '').imageUpdates).toEqual([
      { commit: NEW, workload: 'a:deployment/x', container: 'c', from: 'i:1', to: 'i:2' },
    ]);
  });

  test('asks for its commits before it plans, so that the record need not wait for git', async () => {
    const options = optionsFor(world);
    const happened: string[] = [];
    const watched = (name: string) => () => void happened.push(name);
    const source: Source = { ...options.source, commits: told(options.source.commits, watched('commits')) };
    const cluster: Cluster = { ...options.cluster, plan: told(options.cluster.plan, watched('plan')) };
    const recorder = createSyncRecorder(source, 'fluxd/1', new ManualClock());
    const outcome = await recorded(NEW, { ...options, source, cluster, recorder, garbageCollection: 'off' });
    expect(outcome.unrecorded).toBeUndefined();
    expect(happened.slice(0, 2)).toEqual(['commits', 'plan']);
  });

  test('that cannot learn its commits has been applied all the same', async () => {
    const options = optionsFor(world);
    const failure = new FluxError('no', { code: 'git/timeout' });
    const source: Source = { ...options.source, commits: () => Promise.reject(failure) };
    const recorder = createSyncRecorder(source, 'fluxd/1', new ManualClock());
    const outcome = await recorded(NEW, { ...options, source, recorder, garbageCollection: 'off' });
    expect(outcome.unrecorded).toBe(failure);
    expect(world.planned).toHaveLength(1);
  });

  test.each([
    '{"result":7}',
    '{"jobID":"j","result":{"a":null}}',
    '{"jobID":"j","result":{"a":{"Status":"success","PerContainer":"x"}}}',
    'junk',
  ])('a hostile note %j on one of our commits spoils nothing', async (note) => {
    world.commits = [commit([], true)];
    world.notes.set(NEW, note);
    const { unrecorded } = await recorded(NEW, optionsFor(world));
    expect(unrecorded).toBeUndefined();
    expect(world.recorded).toHaveLength(1);
  });

  test('R-042: a tag that cannot be pushed fails the recording, not the sync', async () => {
    world.refusePush = true;
    world.changes = [changeOf('a:configmap/x', 'created')];
    const outcome = await recorded(NEW, optionsFor(world));
    expect(outcome.changes).toHaveLength(1);
    expect(outcome.unrecorded).toMatchObject({ code: 'git/push-failed' });
  });
});
