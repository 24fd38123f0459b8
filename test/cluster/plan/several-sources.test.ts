import { describe, expect, test } from 'vitest';
import { FluxError, silentLogger } from '../../../src/base/index.ts';
import type { PlanRequest } from '../../../src/change/index.ts';
import { createCluster, Fence, gcMark, MARK_LABEL } from '../../../src/cluster/index.ts';
import type { DesiredState, Manifest } from '../../../src/resource/index.ts';
import { configMap, manifest, namespace, path, request, startWorld, type World } from '../world.ts';

const SHARED = 'shop:configmap/shared';
const shared = () => configMap('shared');
const UNKNOWN = manifest({ apiVersion: 'nowhere.example.com/v1', kind: 'Nothing', metadata: { name: 'x' } }, 'unknown.yaml');
const own = (prefix: string) => ['1', '2', '3', '4'].map((n) => configMap(`${prefix}-${n}`));

/** One of the sources of a daemon: its repository, and what its syncs come to. */
interface Source {
  manifests: readonly Manifest[];
  /** Its answer to the question what it wants. */
  answer: () => Promise<DesiredState>;
  readonly syncSet: string;
  drifts: number;
  asked: number;
  isFenced: boolean;
}

/** A daemon with the sources `a` and `b`, in this order, at the API server of the world. */
async function startDaemon({ server, clock }: Pick<World, 'server' | 'clock'>) {
  const cluster = await createCluster({
    kubeconfigFile: server.kubeconfigFile,
    excludeResources: [],
    clock,
    log: silentLogger(),
  });
  const join = (name: string): Source => {
    const source: Source = {
      manifests: own(name),
      answer: async () => ({ manifests: source.manifests, errors: [], warnings: [] }),
      syncSet: `set-${name}`,
      drifts: 0,
      asked: 0,
      isFenced: false,
    };
    cluster.join({
      syncSet: source.syncSet,
      name,
      fence: {
        get isOpen() {
          return !source.isFenced;
        },
        check() {
          if (source.isFenced) throw new FluxError('not the leader', { code: 'lease/not-held' });
        },
      },
      onDrift() {
        source.drifts += 1;
      },
      desired() {
        source.asked += 1;
        return source.answer();
      },
    });
    return source;
  };
  const [a, b] = [join('a'), join('b')];
  const sync = async ({ syncSet, manifests }: Source, more: Partial<PlanRequest> = {}) => {
    const plan = await cluster.plan(request(manifests, { syncSet, garbageCollection: 'on', ...more }));
    const changes = await cluster.apply(plan);
    return {
      outcomes: Object.fromEntries(changes.map(({ id, outcome }) => [id, outcome])),
      reason: (id: string) => changes.find((change) => change.id === id)?.reason,
      error: (id: string) => changes.find((change) => change.id === id)?.error,
      orphans: plan.orphans,
    };
  };
  /** Another process writes for the source from now on. */
  const loseLease = async (source: Source) => {
    const ending = new AbortController();
    const handlers = {
      onLead: () => queueMicrotask(() => ending.abort()),
      onFollow: () => undefined,
      onTrouble: () => undefined,
    };
    const fence = new Fence(clock);
    await cluster.takePart({ syncSet: source.syncSet, host: 'h', fence }, handlers, ending.signal);
    source.isFenced = true;
  };
  return { cluster, a, b, sync, loseLease };
}

const labelOf = ({ server }: World, name: string) => server.get(path.configMap(name)).metadata.labels[MARK_LABEL];

describe('an object that two sources define', () => {
  test('stays with the one that applied it, and goes to the other when that one gives it up', async () => {
    const world = await startWorld();
    const { a, b, sync } = await startDaemon(world);
    b.manifests = [...b.manifests, shared()];
    expect((await sync(b)).outcomes[SHARED]).toBe('created');
    const { uid } = world.server.get(path.configMap('shared')).metadata;
    a.manifests = [...a.manifests, shared()];
    const held = await sync(a);
    expect(held.outcomes[SHARED]).toBe('held');
    expect(held.reason(SHARED)).toMatch(/^source b defines it too, in all\.yaml:\d+ \(document 1\), and keeps it$/);
    expect((await sync(b)).outcomes[SHARED]).toBe('unchanged');

    b.manifests = own('b');
    world.clock.time += 2_000;
    expect((await sync(b)).reason(SHARED)).toBe('another source of this Flux wants it');
    expect(a.drifts).toBe(1);
    expect((await sync(a)).outcomes[SHARED]).toBe('configured');
    expect(world.server.get(path.configMap('shared')).metadata.uid).toBe(uid);
    expect(labelOf(world, 'shared')).toBe(gcMark('set-a', SHARED));
    expect((await sync(b)).outcomes).not.toHaveProperty([SHARED]);
  });

  test('goes to the first source when it is new to the cluster', async () => {
    const world = await startWorld();
    const { a, b, sync } = await startDaemon(world);
    await Promise.all([a, b].map((source) => sync(source)));
    for (const source of [a, b]) source.manifests = [...source.manifests, shared()];
    expect((await sync(a)).outcomes[SHARED]).toBe('created');
    expect((await sync(b)).outcomes[SHARED]).toBe('held');
  });

  test('waits, after a restart, for the source that applied it', async () => {
    const world = await startWorld();
    const before = await startDaemon(world);
    before.a.manifests = [...own('a'), shared()];
    await before.sync(before.a);
    const { a, b, sync } = await startDaemon(world);
    b.manifests = [...own('b'), shared()];
    expect((await sync(b)).reason(SHARED)).toBe('source a applied it, and has not been read yet');
    expect((await sync(a)).outcomes[SHARED]).toBe('held');
    expect(b.drifts).toBe(1);
    expect((await sync(b)).outcomes[SHARED]).toBe('configured');
  });
});

describe('before a source deletes, the others say what they want', () => {
  async function movedToB() {
    const world = await startWorld();
    const { a, b, sync } = await startDaemon(world);
    a.manifests = [...own('a'), shared()];
    await sync(b);
    await sync(a);
    a.manifests = own('a');
    return { world, a, b, sync };
  }

  test('an object that moved is not deleted, although the other source has not synced since', async () => {
    const { world, a, b, sync } = await movedToB();
    b.manifests = [...own('b'), shared()];
    const left = await sync(a);
    expect(left.reason(SHARED)).toBe('another source of this Flux wants it');
    expect(b.asked).toBe(1);
    expect((await sync(b)).outcomes[SHARED]).toBe('configured');
    expect(world.server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('also after a restart, before the other source has synced at all', async () => {
    const { world } = await movedToB();
    const { a, b, sync } = await startDaemon(world);
    b.manifests = [...own('b'), shared()];
    expect((await sync(a)).outcomes[SHARED]).toBe('held');
  });

  test.for<[string, Source['answer'], string]>([
    ['cannot be reached', () => Promise.reject(new FluxError('no route', { code: 'git/unreachable' })), 'source b: no route'],
    [
      'has a file that cannot be read',
      async () => ({
        manifests: own('b'),
        errors: [{ file: 'x.yaml', error: new FluxError('bad', { code: 'x' }) }],
        warnings: [],
      }),
      '1 part of source b could not be read',
    ],
    [
      'has an object whose kind is unknown, so that it may be in any namespace',
      async () => ({ manifests: [...own('b'), UNKNOWN], errors: [], warnings: [] }),
      '1 object of source b cannot be applied',
    ],
  ])('nothing is deleted while a source %s', async ([, answer, reason]) => {
    const { a, b, sync } = await movedToB();
    b.answer = answer;
    const held = await sync(a);
    expect(held.outcomes[SHARED]).toBe('held');
    expect(held.reason(SHARED)).toBe(`another source of this Flux may want it, and is unknown: ${reason}`);
    b.answer = async () => ({ manifests: b.manifests, errors: [], warnings: [] });
    expect((await sync(a)).outcomes[SHARED]).toBe('deleted');
  });

  test('nobody is asked when nothing is to be deleted', async () => {
    const { a, b, sync } = await movedToB();
    a.manifests = [...own('a'), shared()];
    await sync(a);
    await sync(b);
    expect([a.asked, b.asked]).toEqual([0, 0]);
  });
});

describe('between the plan and the deletion', () => {
  async function givenUp(manifests: readonly Manifest[]) {
    const world = await startWorld();
    const { cluster, a, b, sync } = await startDaemon(world);
    a.manifests = [...own('a'), ...manifests];
    await sync(b);
    await sync(a);
    a.manifests = own('a');
    const asked = { syncSet: a.syncSet, garbageCollection: 'on', allowPrune: 5 } as const;
    const plan = await cluster.plan(request(a.manifests, asked));
    expect(plan.entries.filter(({ action }) => action === 'prune')).toHaveLength(manifests.length);
    return { world, cluster, b, sync, deleteIt: async () => (await cluster.apply(plan)).filter(({ inGit }) => !inGit) };
  }

  test('an object that another source plans meanwhile is kept', async () => {
    const { cluster, b, deleteIt } = await givenUp([shared()]);
    await cluster.plan(request([...own('b'), shared()], { syncSet: b.syncSet, garbageCollection: 'on' }));
    expect(await deleteIt()).toMatchObject([{ outcome: 'held', reason: 'another source of this Flux wants it' }]);
  });

  test('a Namespace in which another source creates an object meanwhile is kept', async () => {
    const { b, sync, deleteIt } = await givenUp([namespace('team')]);
    b.manifests = [...own('b'), configMap('guest', {}, 'team')];
    expect((await sync(b)).outcomes['team:configmap/guest']).toBe('created');
    expect(await deleteIt()).toMatchObject([
      { outcome: 'held', reason: 'team:configmap/guest is in Git and would be deleted with it' },
    ]);
  });
});

describe('a source for which another process writes', () => {
  async function ledElsewhere() {
    const world = await startWorld();
    const here = await startDaemon(world);
    const there = await startDaemon(world);
    here.b.isFenced = true;
    there.a.isFenced = true;
    return { world, here, there };
  }

  /** What the repository of a source holds, for both processes. */
  function commit(
    name: 'a' | 'b',
    processes: readonly Awaited<ReturnType<typeof startDaemon>>[],
    manifests: readonly Manifest[],
  ) {
    for (const process of processes) process[name].manifests = manifests;
  }

  test('keeps an object that it applied, and gives it up when its repository does', async () => {
    const { world, here, there } = await ledElsewhere();
    commit('b', [here, there], [...own('b'), shared()]);
    await there.sync(there.b);
    commit('a', [here, there], [...own('a'), shared()]);
    expect((await here.sync(here.a)).reason(SHARED)).toMatch(/^source b defines it too, in all\.yaml/);
    commit('b', [here, there], own('b'));
    expect((await there.sync(there.b)).reason(SHARED)).toBe('another source of this Flux wants it');
    expect((await here.sync(here.a)).outcomes[SHARED]).toBe('configured');
    expect((await there.sync(there.b)).outcomes).not.toHaveProperty([SHARED]);
    expect(world.server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('gets a new object if it is listed first', async () => {
    const { here, there } = await ledElsewhere();
    for (const name of ['a', 'b'] as const) commit(name, [here, there], [...own(name), shared()]);
    expect((await there.sync(there.b)).reason(SHARED)).toMatch(/^source a defines it too/);
    expect((await here.sync(here.a)).outcomes[SHARED]).toBe('created');
  });

  test('is not judged by what this process planned in an earlier term', async () => {
    const { here, there } = await ledElsewhere();
    here.b.isFenced = false;
    await here.sync(here.b);
    await here.loseLease(here.b);
    commit('b', [here, there], [...own('b'), shared()]);
    await there.sync(there.b);
    commit('a', [here, there], [...own('a'), shared()]);
    expect((await here.sync(here.a)).outcomes[SHARED]).toBe('held');
    commit('b', [here, there], own('b'));
    expect((await there.sync(there.b)).outcomes[SHARED]).toBe('held');
    expect((await here.sync(here.a)).outcomes[SHARED]).toBe('configured');
    commit('a', [here, there], own('a'));
    expect((await here.sync(here.a)).outcomes[SHARED]).toBe('deleted');
  });

  test('is not asked while each object has the mark of its own source', async () => {
    const { here } = await ledElsewhere();
    await here.sync(here.a);
    const { asked } = here.b;
    await here.sync(here.a);
    expect(here.b.asked).toBe(asked);
  });
});

test('an object stays with its source while that may still define it', async () => {
  const world = await startWorld();
  const { a, b, sync } = await startDaemon(world);
  a.manifests = [...own('a'), shared()];
  await sync(a);
  const errors = [{ file: 'x.yaml', error: new FluxError('bad', { code: 'x' }) }];
  const partial = { desired: { manifests: own('a'), errors, warnings: [] } };
  await sync(a, partial);
  b.manifests = [...own('b'), shared()];
  expect((await sync(b)).reason(SHARED)).toBe('source a applied it, and its repository may still define it');
});

test('objects of another source of this daemon are no orphans, those of another Flux are', async () => {
  const world = await startWorld();
  const earlier = await startDaemon(world);
  await earlier.sync(earlier.b);
  const { a, sync } = await startDaemon(world);
  expect((await sync(a)).orphans).toBeUndefined();
  const labels = { [MARK_LABEL]: gcMark('set-of-another', 'shop:configmap/foreign') };
  world.server.put(path.configMap('foreign'), { metadata: { name: 'foreign', namespace: 'shop', labels } });
  expect((await sync(a)).orphans?.map(({ id }) => id)).toEqual(['shop:configmap/foreign']);
});

test('each source writes behind its own fence', async () => {
  const world = await startWorld();
  const { a, b, sync } = await startDaemon(world);
  a.isFenced = true;
  expect((await sync(a)).error('shop:configmap/a-1')?.code).toBe('lease/not-held');
  expect((await sync(b)).outcomes['shop:configmap/b-1']).toBe('created');
  a.isFenced = false;
  expect((await sync(a)).outcomes['shop:configmap/a-1']).toBe('created');
});
