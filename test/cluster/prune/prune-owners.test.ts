import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { FluxError, silentLogger } from '../../../src/base/index.ts';
import type { PlanRequest } from '../../../src/change/index.ts';
import { gcMark, MARK_LABEL } from '../../../src/cluster/index.ts';
import { selfOf } from '../../../src/cluster/prune/self.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { createLoneCluster, type LoneCluster } from '../../support/lone-cluster.ts';
import {
  configMap,
  crd,
  deployment,
  manifest,
  namespace,
  path,
  request,
  SYNC_SET,
  startWorld,
  type World,
  widget,
} from '../world.ts';

const ON = { garbageCollection: 'on' as const };
const SHARED = 'shop:configmap/shared';

const others: Cluster[] = [];
afterEach(() => {
  for (const cluster of others.splice(0)) cluster.close();
});

/** Another process at the same API server, or the same one after a restart. */
async function anotherFlux({ server, clock }: World, user?: Record<string, unknown>): Promise<LoneCluster> {
  if (user) writeFileSync(server.kubeconfigFile, JSON.stringify(server.kubeconfig(user)));
  const { kubeconfigFile } = server;
  const cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock, log: silentLogger() });
  others.push(cluster);
  return cluster;
}

async function run(cluster: Cluster, syncSet: string, manifests: readonly Manifest[], more: Partial<PlanRequest> = {}) {
  const plan = await cluster.plan(request(manifests, { ...ON, syncSet, ...more }));
  const changes = await cluster.apply(plan);
  return Object.fromEntries(changes.map(({ id, outcome }) => [id, outcome]));
}

const own = (prefix: string) => ['1', '2', '3'].map((n) => configMap(`${prefix}-${n}`));
const shared = () => configMap('shared');

describe('an object of two sources is never deleted by the one that gives it up (R-025)', () => {
  const houses = [
    ['of one process', async (world: World) => [world.cluster, world.cluster] as const],
    ['of two processes', async (world: World) => [world.cluster, await anotherFlux(world)] as const],
  ] as const;

  test.for(houses)('%s, whichever applied it last', async ([, clustersOf]) => {
    const world = await startWorld();
    const [one, two] = await clustersOf(world);
    const a = (give: boolean) => run(one, 'set-a', [...own('a'), ...(give ? [] : [shared()])]);
    const b = () => run(two, 'set-b', [...own('b'), shared()]);
    await a(false);
    await b();
    // Of two processes each takes it from the other. One process leaves it to the source that has it.
    expect(await a(false)).toMatchObject({ [SHARED]: one === two ? 'unchanged' : 'configured' });
    for (let round = 0; round < 3; round += 1) {
      await a(true);
      expect(world.server.get(path.configMap('shared'))).toBeDefined();
      await b();
    }
    expect(world.server.get(path.configMap('shared')).metadata.labels[MARK_LABEL]).toBe(gcMark('set-b', SHARED));
    expect(world.server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test.for(houses)('%s, when it is added here after it left there, and the new one syncs first', async ([, clustersOf]) => {
    const world = await startWorld();
    const [one, two] = await clustersOf(world);
    await run(one, 'set-a', [...own('a'), shared()]);
    await run(two, 'set-b', own('b'));
    const { uid } = world.server.get(path.configMap('shared')).metadata;
    await run(two, 'set-b', [...own('b'), shared()]);
    const given = await run(one, 'set-a', own('a'));
    expect(given[SHARED]).toBe(one === two ? 'held' : undefined);
    await run(two, 'set-b', [...own('b'), shared()]);
    expect(world.server.get(path.configMap('shared')).metadata).toMatchObject({
      uid,
      labels: { [MARK_LABEL]: gcMark('set-b', SHARED) },
    });
    // It is the new one's from now on, to the end; an hour after the old one's mark was last seen.
    world.clock.time += 3_600_000;
    expect(await run(two, 'set-b', own('b'))).toMatchObject({ [SHARED]: 'deleted' });
  });

  test('also not when somebody creates it anew in between, with a copy of the mark', async () => {
    const world = await startWorld();
    const [one, two] = [world.cluster, await anotherFlux(world)];
    await run(one, 'set-a', [...own('a'), shared()]);
    await run(two, 'set-b', [...own('b'), shared()]);
    await run(one, 'set-a', [...own('a'), shared()]);
    const { labels } = world.server.get(path.configMap('shared')).metadata;
    world.server.remove(path.configMap('shared'));
    world.server.put(path.configMap('shared'), { metadata: { name: 'shared', namespace: 'shop', labels } });
    await run(one, 'set-a', [...own('a'), shared()]);
    expect(await run(one, 'set-a', own('a'))).toMatchObject({ [SHARED]: 'held' });
    expect(world.server.get(path.configMap('shared'))).toBeDefined();
  });

  test('what only a preview has seen is not remembered', async () => {
    const { cluster, server } = await startWorld();
    await run(cluster, 'set-a', [...own('a'), shared()]);
    const { labels } = server.get(path.configMap('shared')).metadata;
    const mark = (value: string) =>
      server.edit(path.configMap('shared'), ({ metadata }) => {
        metadata.labels = { ...labels, [MARK_LABEL]: value };
      });
    mark(gcMark('set-b', SHARED));
    await cluster.plan(request([...own('a'), shared()], { ...ON, syncSet: 'set-a', preview: true }));
    mark(labels[MARK_LABEL]);
    expect(await run(cluster, 'set-a', own('a'))).toMatchObject({ [SHARED]: 'deleted' });
  });

  test('what another source cannot read at the moment it still wants', async () => {
    const { cluster, server } = await startWorld();
    await run(cluster, 'set-a', [...own('a'), shared()]);
    await run(cluster, 'set-b', [...own('b'), shared()]);
    const errors = [{ file: 'x.yaml', error: new Error('broken') } as never];
    await run(cluster, 'set-b', own('b'), { desired: { manifests: own('b'), errors, warnings: [] } });
    expect(await run(cluster, 'set-a', own('a'))).toMatchObject({ [SHARED]: 'held' });
    expect(server.get(path.configMap('shared'))).toBeDefined();
    await run(cluster, 'set-b', own('b'));
    expect(await run(cluster, 'set-a', own('a'))).toMatchObject({ [SHARED]: 'deleted' });
  });
});

describe('nothing goes along that is in Git', () => {
  test('a namespace that left Git stays while Git has something in it, confirmed or not (R-015)', async () => {
    const { sync, server } = await startWorld();
    const inside = configMap('inside', {}, 'team');
    await sync([...own('a'), namespace('team'), inside], ON);
    expect(await sync([...own('a'), inside], { ...ON, allowPrune: 9 })).toMatchObject({ '<cluster>:namespace/team': 'held' });
    expect(server.get(path.namespace('team'))).toBeDefined();
    expect(await sync(own('a'), { ...ON, allowPrune: 9 })).toMatchObject({ '<cluster>:namespace/team': 'deleted' });
  });

  test('a definition that left Git stays while Git has something of its kind', async () => {
    const { sync } = await startWorld();
    await sync([...own('a'), crd(), widget('w')], ON);
    const definition = '<cluster>:customresourcedefinition/widgets.example.com';
    expect(await sync([...own('a'), widget('w')], { ...ON, allowPrune: 9 })).toMatchObject({ [definition]: 'held' });
  });

  test('an owner that left Git stays while Git has what it owns', async () => {
    const { sync, server } = await startWorld();
    await sync([...own('a'), deployment('owner'), configMap('owned')], ON);
    server.edit(path.configMap('owned'), ({ metadata }) => {
      metadata.ownerReferences = [{ kind: 'Deployment', name: 'owner', uid: server.get(path.deployment('owner')).metadata.uid }];
    });
    expect(await sync([...own('a'), configMap('owned')], ON)).toMatchObject({ 'shop:deployment/owner': 'held' });
    expect(server.get(path.deployment('owner'))).toBeDefined();
  });
});

test('after a change of URL, branch, path or label nothing is deleted, and orphans are not touched (R-022)', async () => {
  const world = await startWorld();
  const { sync, server } = world;
  await sync([...own('a'), ...own('b')], ON);
  // Flags change with a restart.
  const restarted = await anotherFlux(world);
  server.clear();
  const moved = await run(restarted, 'another-url', own('a'), { allowPrune: 100 });
  expect(Object.keys(moved)).toHaveLength(3);
  expect(server.get(path.configMap('b-1')).metadata.labels[MARK_LABEL]).toBe(gcMark(SYNC_SET, 'shop:configmap/b-1'));
  expect(server.requests.filter(({ method }) => method !== 'GET').map(({ path: at }) => at)).toEqual(
    own('a').map(({ object }) => path.configMap(object.metadata.name)),
  );
});

test('objects of a former URL, branch or path are named as long as they are there, and become ours or go as a person decides (R-022)', async () => {
  const world = await startWorld();
  await world.sync([...own('a'), ...own('b'), namespace('team'), configMap('inside', {}, 'team')], ON);
  // Flags change with a restart.
  const moved = await anotherFlux(world);
  const orphans = async (manifests: readonly Manifest[], more: Partial<PlanRequest> = ON) =>
    (await moved.plan(request(manifests, { ...more, syncSet: 'another-url' }))).orphans?.map(({ id }) => id);
  const all = [
    '<cluster>:namespace/team',
    'shop:configmap/b-1',
    'shop:configmap/b-2',
    'shop:configmap/b-3',
    'team:configmap/inside',
  ];
  expect(await orphans(own('a'))).toEqual(all);
  await run(moved, 'another-url', own('a'));
  expect(await orphans(own('a'))).toEqual(all);

  // Adopted by a commit; deleted, ignored or given an owner by hand.
  const adopted = [...own('a'), configMap('b-1')];
  await run(moved, 'another-url', adopted);
  world.server.remove(path.configMap('b-2'));
  world.server.edit(path.configMap('b-3'), ({ metadata }) => {
    metadata.ownerReferences = [{ kind: 'Shop', name: 'shop', uid: 'x' }];
  });
  expect(await orphans(adopted)).toEqual(['<cluster>:namespace/team', 'team:configmap/inside']);
  expect(await orphans(adopted, {})).toBeUndefined();
});

describe('an orphan that a person named, by id and uid, is deleted (R-022)', () => {
  const SET = 'another-url';
  const left = async () => {
    const world = await startWorld();
    await world.sync([...own('a'), ...own('b')], ON);
    const moved = await anotherFlux(world);
    await run(moved, SET, own('a'));
    const orphans = (await moved.plan(request(own('a'), { ...ON, syncSet: SET }))).orphans ?? [];
    const approvedOrphans = orphans.flatMap(({ id, uid }) => (uid === undefined ? [] : [{ id, uid }]));
    const named = approvedOrphans.filter(({ id }) => id.endsWith('b-1'));
    const has = (name: string) => world.server.get(path.configMap(name)) !== undefined;
    return { world, moved, named, approvedOrphans, has };
  };

  test('and no other, whatever else is held', async () => {
    const { moved, named, has } = await left();
    // Three of three that are ours leave Git: that waits for a person, and is another list.
    expect(await run(moved, SET, [], { approvedOrphans: named })).toEqual({
      'shop:configmap/a-1': 'held',
      'shop:configmap/a-2': 'held',
      'shop:configmap/a-3': 'held',
      'shop:configmap/b-1': 'deleted',
    });
    expect([has('b-1'), has('b-2'), has('b-3')]).toEqual([false, true, true]);
  });

  test('and is not listed any more as one that is left alone', async () => {
    const { moved, named } = await left();
    const plan = await moved.plan(request(own('a'), { ...ON, syncSet: SET, approvedOrphans: named }));
    expect(plan.orphans?.map(({ id }) => id)).toEqual(['shop:configmap/b-2', 'shop:configmap/b-3']);
    expect(plan.entries.find(({ id }) => id === 'shop:configmap/b-1')).toMatchObject({ action: 'prune', uid: named[0]?.uid });
  });

  test.for<[string, Partial<PlanRequest>]>([
    ['with another uid', { approvedOrphans: [{ id: 'shop:configmap/b-1', uid: 'of-another' }] }],
    ['as a deletion of ours', { approved: [{ id: 'shop:configmap/b-1', uid: 'filled in below' }] }],
    ['by a number', { allowPrune: 100 }],
  ])('not when it is confirmed %s', async ([, more]) => {
    const { moved, named, has } = await left();
    const approved = more.approved ? { approved: named } : {};
    expect(await run(moved, SET, own('a'), { ...more, ...approved })).not.toHaveProperty(['shop:configmap/b-1']);
    expect(has('b-1')).toBe(true);
  });

  test.for<[string, Partial<PlanRequest>]>([
    [
      'a file could not be read',
      { desired: { manifests: own('a'), errors: [{ error: new FluxError('unreadable', { code: 'x/y' }) }], warnings: [] } },
    ],
    ['it is a dry run', { garbageCollection: 'dry' }],
  ])('but held while %s', async ([, more]) => {
    const { moved, named, has } = await left();
    expect(await run(moved, SET, own('a'), { approvedOrphans: named, ...more })).toMatchObject({ 'shop:configmap/b-1': 'held' });
    expect(has('b-1')).toBe(true);
  });

  test('but held when nobody can prove that a Flux applied it', async () => {
    const { world, moved, named, has } = await left();
    world.server.edit(path.configMap('b-1'), ({ metadata }) => {
      metadata.managedFields = [];
    });
    expect(await run(moved, SET, own('a'), { approvedOrphans: named })).toMatchObject({ 'shop:configmap/b-1': 'held' });
    expect(has('b-1')).toBe(true);
  });

  test('not once it is in Git again', async () => {
    const { moved, named, has } = await left();
    expect(await run(moved, SET, [...own('a'), configMap('b-1')], { approvedOrphans: named })).toMatchObject({
      'shop:configmap/b-1': 'configured',
    });
    expect(has('b-1')).toBe(true);
  });
});

test('what another source of this process wants, and what is ours, is no orphan (R-022)', async () => {
  const { plan, sync } = await startWorld();
  await sync(own('a'), ON);
  await sync(own('b'), { ...ON, syncSet: 'set-b' });
  expect((await plan(own('a'), ON)).orphans).toBeUndefined();
  expect((await plan(own('a').slice(1), ON)).orphans).toBeUndefined();
});

const steals: readonly (readonly [string, (metadata: Record<string, unknown>) => void])[] = [
  [
    'moved to another owner',
    (metadata) => {
      metadata.ownerReferences = [{ kind: 'Shop', name: 'shop', uid: 'x' }];
    },
  ],
  [
    'stripped of our mark',
    (metadata) => {
      metadata.labels = {};
    },
  ],
  [
    'given the mark of another set',
    (metadata) => {
      metadata.labels = { [MARK_LABEL]: gcMark('other', 'shop:configmap/a-1') };
    },
  ],
  [
    'created anew under its name, everything copied',
    (metadata) => {
      metadata.uid = 'anew';
    },
  ],
];

test.for(steals)('an object that somebody has %s is not deleted (R-023)', async ([, steal]) => {
  const { sync, server } = await startWorld();
  await sync(own('a'), ON);
  server.edit(path.configMap('a-1'), ({ metadata }) => steal(metadata));
  await sync(own('a').slice(1), { ...ON, allowPrune: 100 });
  expect(server.get(path.configMap('a-1'))).toBeDefined();
  expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
});

test('marks, checksums and what kubectl applied last, copied to another object or forged, do not make it ours (S-094)', async () => {
  const { sync, server } = await startWorld();
  await sync(own('a'), ON);
  const { labels, annotations } = server.get(path.configMap('a-1')).metadata;
  const lastApplied = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(own('a')[0]?.object) };
  const forged = (name: string, mark: string) => {
    const metadata = { name, namespace: 'shop', labels: { [MARK_LABEL]: mark }, annotations: { ...annotations, ...lastApplied } };
    server.put(path.configMap(name), { metadata });
  };
  forged('copied', labels[MARK_LABEL]);
  forged('computed', gcMark(SYNC_SET, 'shop:configmap/computed'));
  forged('theirs', gcMark('their-set', 'shop:configmap/theirs'));
  await sync(own('a'), { ...ON, allowPrune: 100 });
  expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
});

describe('what this Flux lives by is never deleted (S-093)', () => {
  const token = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
  const claims = {
    sub: 'system:serviceaccount:flux:fluxd',
    'kubernetes.io': {
      namespace: 'flux',
      pod: { name: 'fluxd-5d8f-abcde', uid: 'p' },
      serviceaccount: { name: 'fluxd', uid: 's' },
    },
  };
  const bearer = (text: string) => selfOf({ Authorization: `Bearer ${text}` });

  test('the token of its service account says what that is', () => {
    expect(bearer(token(claims))).toEqual({
      namespace: 'flux',
      serviceAccount: 'fluxd',
      pod: 'fluxd-5d8f-abcde',
      podUid: 'p',
      secrets: new Set(),
    });
    expect(bearer(token({ sub: claims.sub }))).toEqual({ namespace: 'flux', serviceAccount: 'fluxd', secrets: new Set() });
  });

  test.for(['opaque', 'a.b.c', 'a.bnVsbA.c', token({}), token({ sub: 'ann' }), token({ sub: 7, 'kubernetes.io': 'x' })])(
    'the token %s names nobody',
    (text) => {
      expect(bearer(text)).toBeUndefined();
      expect(selfOf({})).toBeUndefined();
    },
  );

  test('though Git drops it and a person confirms', async () => {
    const world = await startWorld();
    const cluster = await anotherFlux(world, { token: token(claims) });
    const account = manifest({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'fluxd', namespace: 'flux' } });
    const secret = (name: string) => manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'flux' } });
    cluster.secret({ name: 'flux-git-deploy' });
    const set = [
      ...own('a'),
      namespace('flux'),
      account,
      secret('flux-git-deploy'),
      secret('token'),
      configMap('settings', {}, 'flux'),
    ];
    await run(cluster, SYNC_SET, set);
    expect(await run(cluster, SYNC_SET, own('a'), { allowPrune: 100 })).toMatchObject({
      '<cluster>:namespace/flux': 'held',
      'flux:serviceaccount/fluxd': 'held',
      'flux:secret/flux-git-deploy': 'held',
      'flux:secret/token': 'deleted',
      'flux:configmap/settings': 'deleted',
    });
  });
});
