import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { type Daemon, type Topology, type TopologyNode, topologyOf } from '../../../src/controller/index.ts';
import type { OwnedObject, PodState } from '../../../src/resource/index.ts';
import { daemonOf } from '../../api/daemon-fixture.ts';
import { bestOfThreeTurns } from '../../support/turn-cpu.ts';

type ObjectEntry = ReturnType<Daemon['objects']>['objects'][number];

const NO_FILTER = { folder: '', namespace: '', kind: '', status: '', text: '' };

const entry = (id: string, file = 'shop/all.yaml', others: Partial<ObjectEntry> = {}): ObjectEntry => ({
  id,
  state: 'synced',
  since: 0,
  place: { file, document: 0, line: 1 },
  ...others,
});

const withObjects = (objects: readonly ObjectEntry[], others: Partial<Daemon> = {}) =>
  daemonOf({ objects: () => ({ follows: [], objects }), ...others });

const look = (daemon: Daemon, filter: Partial<typeof NO_FILTER> = {}) =>
  topologyOf(daemon, { about: 'objects', filter: { ...NO_FILTER, ...filter } });

const pod = (others: Partial<PodState> = {}): PodState => ({
  name: 'cart-1-x',
  phase: 'Running',
  ready: true,
  ending: false,
  containers: [{ name: 'cart', image: 'acme/cart:2', ready: true, restarts: 0, now: { state: 'running' } }],
  ...others,
});

/** A controller whose uid follows from its name. */
const by = (kind: string, name: string, uid = `uid ${name}`) => ({ kind, name, uid });
const replicaSet = (name: string, owner = by('Deployment', 'cart'), wanted = 1, ready = wanted): OwnedObject => ({
  kind: 'ReplicaSet',
  name,
  uid: `uid ${name}`,
  owner,
  wanted,
  ready,
});
const REPLICA_SET = replicaSet('cart-1', undefined, 2, 1);
const ownedPod = (name: string, others: Partial<PodState> = {}): OwnedObject => ({
  kind: 'Pod',
  name,
  uid: `uid ${name}`,
  owner: by('ReplicaSet', 'cart-1'),
  pod: pod(others),
});

const NO_UIDS: ReadonlyMap<string, string> = new Map();

/** Controllers that name each other, as a custom controller may make them. */
const CIRCLE: readonly OwnedObject[] = [
  REPLICA_SET,
  replicaSet('a', by('ReplicaSet', 'a')),
  replicaSet('b', by('ReplicaSet', 'c')),
  replicaSet('c', by('ReplicaSet', 'b')),
  // The Deployment is said to belong to what it owns.
  { ...replicaSet('cart', by('ReplicaSet', 'cart-1')), uid: 'uid cart' },
  { ...replicaSet('b', by('ReplicaSet', 'cart-1')), uid: 'uid c' },
];

/** Each node under its parent, as a person reads it. */
function outline({ nodes }: Topology): readonly string[] {
  const below = (parent: string | undefined, depth: number): readonly string[] =>
    nodes
      .filter((node) => node.parent === parent && node.type !== 'outside')
      .flatMap((node) => [`${'  '.repeat(depth)}${nameOf(node)}`, ...below(node.key, depth + 1)]);
  return [...below(undefined, 0), ...nodes.filter(({ type }) => type === 'outside').map(nameOf)];
}

function nameOf(node: TopologyNode): string {
  const counts = 'counts' in node ? JSON.stringify(node.counts).replaceAll('"', '') : '';
  switch (node.type) {
    case 'source':
      return `source ${node.name} ${counts}`;
    case 'folder':
      return `folder ${node.name} ${counts}`;
    case 'kind':
      return `kind ${node.kind} ${counts}`;
    case 'object':
      return `${node.status} ${node.id ?? node.place?.file}${node.pods ? ` ${JSON.stringify(node.pods)}` : ''}`;
    case 'outside':
      return `outside ${node.id}`;
    case 'owned':
      return `${node.status} ${node.kind} ${node.name}: ${node.text}`;
  }
}

describe('a topology has', () => {
  test('objects in their folders, with what they own down to the pods', async () => {
    const daemon = withObjects(
      [entry('shop:configmap/cart'), entry('shop:deployment/cart'), entry('blog:configmap/blog', 'blog.yaml')],
      {
        owned: async () => ({
          isCut: false,
          uids: NO_UIDS,
          objects: [
            REPLICA_SET,
            ownedPod('cart-1-a'),
            ownedPod('cart-1-b', {
              ready: false,
              containers: [
                {
                  name: 'cart',
                  image: 'acme/cart:2',
                  ready: false,
                  restarts: 3,
                  now: { state: 'waiting', reason: 'CrashLoopBackOff', message: 'secret' },
                },
              ],
            }),
            replicaSet('cart-0', undefined, 0),
            { ...ownedPod('other'), owner: by('ReplicaSet', 'else') },
          ],
        }),
      },
    );
    const topology = await look(daemon);
    expect(outline(topology)).toEqual([
      'source default {ok:3}',
      '  folder shop {ok:2}',
      '    ok shop:configmap/cart',
      '    ok shop:deployment/cart {"ok":1,"failed":1}',
      '      waiting ReplicaSet cart-1: 1 of 2 ready',
      '        ok Pod cart-1-a: ready',
      '        failed Pod cart-1-b: CrashLoopBackOff, 3 restarts',
      '  folder . {ok:1}',
      '    ok blog:configmap/blog',
    ]);
    expect(topology).toMatchObject({
      detail: 'pods',
      objects: 3,
      omitted: 0,
      unread: [],
      namespaces: ['blog', 'shop'],
      kinds: ['configmap', 'deployment'],
    });
    expect(topology.nodes.find((node) => node.type === 'owned' && node.name === 'cart-1-a')).toMatchObject({
      containers: [{ name: 'cart', image: 'acme/cart:2', status: 'ok', text: 'running' }],
    });
    // What a kubelet says may hold secrets.
    expect(JSON.stringify(topology)).not.toContain('secret');
    expect(daemon.calls.filter(({ name }) => name === 'owned')).toEqual([]);
  });

  test('controllers that name each other in a circle end somewhere', async () => {
    const daemon = withObjects([entry('shop:deployment/cart')], {
      owned: async () => ({ isCut: false, uids: NO_UIDS, objects: CIRCLE }),
    });
    expect(
      outline(await look(daemon))
        .slice(3)
        .map((line) => line.trim().split(':')[0]),
    ).toEqual(['waiting ReplicaSet cart-1', 'ok ReplicaSet cart', 'ok ReplicaSet b', 'ok ReplicaSet b']);
  });

  test('a long chain of controllers is followed a few steps', async () => {
    const chain = Array.from({ length: 5_000 }, (_, index) =>
      replicaSet(`r${index}`, index === 0 ? undefined : by('ReplicaSet', `r${index - 1}`)),
    );
    const daemon = withObjects([entry('shop:deployment/cart')], {
      owned: async () => ({ isCut: false, uids: NO_UIDS, objects: chain }),
    });
    expect(outline(await look(daemon)).length).toBeLessThan(20);
  });

  describe('what an owner of the same name has made', () => {
    const owned = (objects: readonly OwnedObject[], uids: ReadonlyMap<string, string>) =>
      look(withObjects([entry('shop:deployment/cart')], { owned: async () => ({ isCut: false, uids, objects }) }));
    const known = new Map([['shop:deployment/cart', 'uid cart']]);
    const gone = { ...REPLICA_SET, uid: 'uid gone' };
    const podOfGone: OwnedObject = { ...ownedPod('of-gone'), owner: by('ReplicaSet', 'cart-1', 'uid gone') };

    test('is left out where a ReplicaSet was created again', async () => {
      expect(outline(await owned([REPLICA_SET, ownedPod('of-this'), podOfGone], known)).slice(2)).toEqual([
        '    ok shop:deployment/cart {"ok":1}',
        '      waiting ReplicaSet cart-1: 1 of 2 ready',
        '        ok Pod of-this: ready',
      ]);
    });

    test('is left out where the workload was created again', async () => {
      const before = { ...gone, owner: by('Deployment', 'cart', 'uid of before') };
      const objects = [REPLICA_SET, ownedPod('of-this'), before, podOfGone];
      expect(
        outline(await owned(objects, known))
          .at(-1)
          ?.trim(),
      ).toBe('ok Pod of-this: ready');
    });

    test('is beside that of the other where only their name is known', async () => {
      const before = { ...gone, owner: by('Deployment', 'cart', 'uid of before') };
      const topology = await owned([REPLICA_SET, ownedPod('of-this'), before, podOfGone], NO_UIDS);
      expect(
        outline(topology)
          .slice(3)
          .map((line) => line.trim()),
      ).toEqual([
        'waiting ReplicaSet cart-1: 1 of 2 ready',
        'ok Pod of-this: ready',
        'waiting ReplicaSet cart-1: 1 of 2 ready',
        'ok Pod of-gone: ready',
      ]);
      expect(new Set(topology.nodes.map(({ key }) => key)).size).toBe(topology.nodes.length);
    });

    test('is nothing by a chain of names', async () => {
      const chain = ['a', 'b', 'c'].map((name, index, all) =>
        replicaSet(name, by('ReplicaSet', all[index - 1] ?? 'cart-1', 'claimed')),
      );
      expect(
        outline(await owned([REPLICA_SET, ...chain], known))
          .slice(3)
          .map((line) => line.trim()),
      ).toEqual(['waiting ReplicaSet cart-1: 1 of 2 ready']);
    });
  });

  test('the last Jobs of a CronJob', async () => {
    const job = (name: string, others: object = {}): OwnedObject => ({
      kind: 'Job',
      name,
      uid: `uid ${name}`,
      owner: by('CronJob', 'nightly'),
      active: 0,
      succeeded: 1,
      failed: false,
      ...others,
    });
    const asked: unknown[] = [];
    const daemon = withObjects([entry('shop:cronjob/nightly')], {
      owned: async (question) => {
        asked.push(question);
        return {
          isCut: false,
          uids: NO_UIDS,
          objects: [job('nightly-1'), job('nightly-2'), job('nightly-3', { failed: true }), job('nightly-4', { active: 1 })],
        };
      },
    });
    expect(outline(await look(daemon)).slice(2)).toEqual([
      '    ok shop:cronjob/nightly {}',
      '      ok Job nightly-2: has completed',
      '      failed Job nightly-3: has failed',
      '      waiting Job nightly-4: is running',
    ]);
    expect(asked).toEqual([{ namespace: 'shop', withJobs: true }]);
  });

  test('what is applied and unhealthy as such', async () => {
    const daemon = withObjects(
      [entry('shop:deployment/cart'), entry('shop:deployment/web'), entry('shop:job/x', 'x.yaml', { state: 'held' })],
      {
        health: async () => ({
          revision: 'r',
          settled: false,
          counts: {},
          objects: [
            { id: 'shop:deployment/cart', state: 'failed', message: 'ImagePullBackOff' },
            { id: 'shop:deployment/web', state: 'inProgress', message: '1 of 2 updated' },
          ],
        }),
      },
    );
    const { nodes } = await look(daemon);
    expect(nodes.filter(({ type }) => type === 'object')).toMatchObject([
      { id: 'shop:deployment/cart', state: 'synced', status: 'failed', reason: 'ImagePullBackOff' },
      { id: 'shop:deployment/web', state: 'synced', status: 'waiting', reason: '1 of 2 updated' },
      { id: 'shop:job/x', state: 'held', status: 'held' },
    ]);
  });

  test('links among the objects, and to what is not in the repository', async () => {
    const daemon = withObjects([entry('shop:service/cart'), entry('shop:deployment/cart'), entry('shop:configmap/cart')], {
      relations: async () => [
        { from: 'shop:service/cart', to: 'shop:deployment/cart', type: 'routes' },
        { from: 'shop:deployment/cart', to: 'shop:configmap/cart', type: 'uses' },
        { from: 'shop:deployment/cart', to: 'shop:secret/cart', type: 'uses' },
        { from: 'gone:deployment/x', to: 'shop:configmap/cart', type: 'uses' },
      ],
    });
    const topology = await look(daemon);
    expect(outline(topology).at(-1)).toBe('outside shop:secret/cart');
    expect(topology.links).toEqual([
      { from: 'object default shop:service/cart', to: 'object default shop:deployment/cart', type: 'routes' },
      { from: 'object default shop:deployment/cart', to: 'object default shop:configmap/cart', type: 'uses' },
      { from: 'object default shop:deployment/cart', to: 'outside shop:secret/cart', type: 'uses' },
    ]);
    // What a filter hides is not outside of the repository.
    expect((await look(daemon, { kind: 'deployment' })).links.map(({ to }) => to)).toEqual(['outside shop:secret/cart']);
  });

  test('several sources', async () => {
    const one = (name: string) => withObjects([entry(`${name}:configmap/x`)], { sources: [name] });
    const daemon = daemonOf({ sources: ['a', 'b'], of: one });
    expect(outline(await look(daemon))).toEqual([
      'source a {ok:1}',
      '  folder shop {ok:1}',
      '    ok a:configmap/x',
      'source b {ok:1}',
      '  folder shop {ok:1}',
      '    ok b:configmap/x',
    ]);
  });

  test('nothing before the first sync', async () => {
    const none = () => Promise.reject(new FluxError('no sync yet', { code: 'health/none', fault: 'missing' }));
    expect(await look(withObjects([], { health: none }))).toMatchObject({ nodes: [], links: [], objects: 0 });
  });
});

test.each<[string, Partial<typeof NO_FILTER>, readonly string[]]>([
  ['folder with what is below it', { folder: 'shop' }, ['a:configmap/x', 'b:deployment/y']],
  ['folder, not one whose name begins alike', { folder: 'sho' }, []],
  ['namespace', { namespace: 'a' }, ['a:configmap/x']],
  ['kind', { kind: 'deployment' }, ['b:deployment/y']],
  ['status', { status: 'failed' }, ['c:job/z']],
  ['text of an id', { text: 'DEPLOY' }, ['b:deployment/y']],
  ['text of a file', { text: 'shop/more' }, ['b:deployment/y']],
])('a filter by %s', async (_, filter, ids) => {
  const daemon = withObjects([
    entry('a:configmap/x', 'shop/x.yaml'),
    entry('b:deployment/y', 'shop/more/y.yaml'),
    entry('c:job/z', 'z.yaml', { state: 'failed', reason: 'denied' }),
  ]);
  const { nodes, kinds } = await look(daemon, filter);
  expect(nodes.flatMap((node) => (node.type === 'object' ? node.id : []))).toEqual(ids);
  expect(kinds).toEqual(['configmap', 'deployment', 'job']);
});

describe('many objects are drawn as', () => {
  const many = (number: number, fileOf: (index: number) => string, kindOf = (_: number) => 'configmap') =>
    Array.from({ length: number }, (_, index) => entry(`ns:${kindOf(index)}/${String(index).padStart(6, '0')}`, fileOf(index)));
  const kinds = ['configmap', 'deployment'] as const;

  test.each<[string, readonly ObjectEntry[], string, number, string]>([
    ['themselves up to 300 nodes', many(298, () => 'a/x.yaml'), 'pods', 300, 'ok ns:configmap/000297'],
    [
      'kinds',
      many(
        299,
        () => 'a/x.yaml',
        (index) => kinds[index % 2] ?? '',
      ),
      'kinds',
      4,
      'kind deployment {ok:149}',
    ],
    ['folders', many(1_000, (index) => `a/f${index % 200}/x.yaml`), 'folders', 201, 'folder a/f199 {ok:5}'],
    [
      'folders with what is below them',
      many(1_000, (index) => `a/f${index % 9}/g${index}/x.yaml`),
      'folders',
      10,
      'folder a/f8 {ok:111}',
    ],
  ])('%s', async (_, objects, detail, nodes, last) => {
    const kindly = await look(withObjects(objects));
    expect(kindly).toMatchObject({ detail: _ === 'folders' ? 'folders' : detail, objects: objects.length, omitted: 0 });
    expect(kindly.nodes).toHaveLength(nodes);
    expect(outline(kindly).at(-1)?.trim()).toBe(last);
  });

  test('the folders with the worst in them, where even those are too many', async () => {
    const objects = many(1_000, (index) => `f${index}/x.yaml`).map((each, index) =>
      index === 999 ? { ...each, state: 'failed' as const } : each,
    );
    const { nodes, omitted } = await look(withObjects(objects));
    expect([nodes.length, omitted]).toEqual([300, 701]);
    expect(nodes[1]).toMatchObject({ name: 'f999', counts: { failed: 1 } });
  });

  test('objects without their pods, where there is no room for these', async () => {
    const pods = Array.from({ length: 300 }, (_, index) => ownedPod(`cart-1-${index}`));
    const daemon = withObjects([entry('shop:deployment/cart')], {
      owned: async () => ({ isCut: true, uids: NO_UIDS, objects: [REPLICA_SET, ...pods] }),
    });
    const topology = await look(daemon);
    expect(topology.detail).toBe('objects');
    expect(outline(topology).at(-1)).toBe('    ok shop:deployment/cart {"ok":300}');
    expect(topology.unread).toEqual([{ what: 'pods in shop', reason: 'there are more than are read at once' }]);
  });

  test('50,000 take no long turn', async () => {
    const daemon = withObjects(many(50_000, (index) => `a/f${index % 400}/x.yaml`));
    const { result, cpuMs } = await bestOfThreeTurns(() => look(daemon), 50);
    expect(result.objects).toBe(50_000);
    expect(cpuMs).toBeLessThan(50);
  });
});

describe('pods', () => {
  test('that cannot be read leave those of other namespaces alone', async () => {
    const daemon = withObjects([entry('a:deployment/cart'), entry('b:deployment/cart')], {
      owned: async ({ namespace }) => {
        if (namespace === 'a') throw new FluxError('pods is forbidden', { code: 'cluster/forbidden' });
        return { isCut: false, uids: NO_UIDS, objects: [REPLICA_SET] };
      },
    });
    const topology = await look(daemon);
    expect(topology.unread).toEqual([{ what: 'pods in a', reason: 'pods is forbidden' }]);
    expect(outline(topology).at(-1)?.trim()).toBe('waiting ReplicaSet cart-1: 1 of 2 ready');
  });

  test('are not read for kinds without pods, nor of many namespaces at once', async () => {
    const quiet = withObjects([entry('a:configmap/x')]);
    await look(quiet);
    expect(quiet.calls.some(({ name }) => name === 'owned')).toBe(false);
    const wide = withObjects(Array.from({ length: 11 }, (_, index) => entry(`n${index}:deployment/cart`)));
    expect((await look(wide)).unread).toEqual([{ what: 'pods', reason: 'pods of at most 10 namespaces are read at once' }]);
    expect(wide.calls.some(({ name }) => name === 'owned')).toBe(false);
  });
});

test('what else cannot be read leaves the objects there', async () => {
  const error = new FluxError('git is gone', { code: 'git/unreachable' });
  const fails = () => Promise.reject(error);
  const topology = await look(withObjects([entry('a:configmap/x')], { relations: fails, health: fails }));
  expect(topology.nodes).toHaveLength(3);
  expect(topology.unread.map(({ what }) => what).sort()).toEqual(['the health of objects', 'what objects use']);
});

describe('around an object is', () => {
  const ids = ['ingress/shop', 'service/cart', 'deployment/cart', 'configmap/shared', 'deployment/other', 'configmap/else'];
  const daemon = withObjects(
    ids.map((id) => entry(`shop:${id}`)),
    {
      relations: async () => [
        { from: 'shop:ingress/shop', to: 'shop:service/cart', type: 'routes' },
        { from: 'shop:service/cart', to: 'shop:deployment/cart', type: 'routes' },
        { from: 'shop:deployment/cart', to: 'shop:configmap/shared', type: 'uses' },
        { from: 'shop:deployment/other', to: 'shop:configmap/shared', type: 'uses' },
      ],
    },
  );

  test.each([
    ['deployment/cart', ['deployment/cart', 'configmap/shared', 'service/cart', 'ingress/shop']],
    ['configmap/shared', ['configmap/shared', 'deployment/cart', 'deployment/other', 'service/cart', 'ingress/shop']],
    ['configmap/else', ['configmap/else']],
    ['configmap/unknown', []],
  ])('%s what it uses, and what leads to it', async (id, found) => {
    const { nodes } = await topologyOf(daemon, { about: 'object', id: `shop:${id}` });
    expect(nodes.flatMap((node) => (node.type === 'object' ? node.id : []))).toEqual(found.map((each) => `shop:${each}`));
  });

  test('150,000 relations take no long turn', async () => {
    // Three steps each way, from one object over 25,000.
    const chain = ['x', 'y', 'z', 'all', 'a', 'b', 'c'].map(
      (name) => (index: number) => `shop:configmap/${name}${name === 'all' ? '' : index}`,
    );
    const relations = chain.slice(1).flatMap((to, step) =>
      Array.from({ length: 25_000 }, (_, index) => ({
        from: chain[step]?.(index) ?? '',
        to: to(index),
        type: 'uses' as const,
      })),
    );
    const daemon = withObjects([entry('shop:configmap/all')], { relations: async () => relations });
    const { result, cpuMs } = await bestOfThreeTurns(() => topologyOf(daemon, { about: 'object', id: 'shop:configmap/all' }), 50);
    expect(result.objects).toBe(1);
    expect(cpuMs).toBeLessThan(50);
  });
});
