import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { type Files, manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A namespace with `count` ConfigMaps, synced by a daemon that collects garbage. */
async function shopWith(count: number, args: readonly string[] = ['--sync-garbage-collection']) {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const files = Object.fromEntries([...Array(count).keys()].map((n) => [`map-${n}.yaml`, manifest.configMap(shop, `map-${n}`)]));
  const first = await repository.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop), ...files });
  const fluxd = await world.fluxd(repository, { args });
  await repository.synced(first);
  const maps = async () =>
    (await world.kube.list(path.configMaps(shop))).map(({ metadata }) => metadata.name).filter((name) => name.startsWith('map-'));
  return { shop, repository, fluxd, maps };
}

test('what left Git is deleted, and nothing else', async () => {
  const { shop, repository, maps } = await shopWith(3);
  await world.kube.create(path.configMaps(shop), { metadata: { name: 'map-of-somebody-else' } });
  const second = await repository.commit('One less', { 'map-1.yaml': null });
  expect((await repository.synced(second)).counts).toEqual({ unchanged: 3, deleted: 1 });
  expect(await maps()).toEqual(['map-0', 'map-2', 'map-of-somebody-else']);
});

test.runIf(thorough('a sync without garbage collection'))('without the flag nothing is deleted', async () => {
  const { repository, maps } = await shopWith(2, []);
  const second = await repository.commit('One less', { 'map-1.yaml': null });
  expect((await repository.synced(second)).counts.deleted).toBeUndefined();
  expect(await maps()).toHaveLength(2);
});

test.runIf(thorough('a dry run of deletions'))('a dry run only says what it would delete', async () => {
  const { shop, repository, fluxd, maps } = await shopWith(2, ['--sync-garbage-collection-dry']);
  const second = await repository.commit('One less', { 'map-1.yaml': null });
  await repository.synced(second);
  expect(await maps()).toHaveLength(2);
  expect(fluxd.log()).toContain(`${shop}:configmap/map-1`);
});

test.runIf(thorough('an object that is marked to be ignored'))(
  'an object that is marked to be ignored in the cluster is kept',
  async () => {
    const { shop, repository, maps } = await shopWith(3);
    await world.kube.patch(path.configMap(shop, 'map-0'), { metadata: { annotations: { 'fluxcd.io/ignore': 'true' } } });
    await world.kube.patch(path.configMap(shop, 'map-1'), { metadata: { annotations: { 'fluxcd.io/ignore': 'sync_only' } } });
    const second = await repository.commit('All gone', { 'map-0.yaml': null, 'map-1.yaml': null, 'map-2.yaml': null });
    await repository.synced(second);
    expect(await maps()).toEqual(['map-0', 'map-1']);
  },
);

test.runIf(thorough('a copy of our mark'))('a copy of our mark on another object does not make it ours (S-094)', async () => {
  const { shop, repository, maps } = await shopWith(2);
  const { labels, annotations } = (await world.kube.get(path.configMap(shop, 'map-0'))).metadata;
  await world.kube.create(path.configMaps(shop), { metadata: { name: 'map-copy', labels, annotations } });
  const second = await repository.commit('One less', { 'map-1.yaml': null });
  await repository.synced(second);
  expect(await maps()).toEqual(['map-0', 'map-copy']);
});

test.runIf(thorough('an object that a person re-created'))(
  'an object that a person re-created by the same name is not ours any more (R-023)',
  async () => {
    const { shop, repository, fluxd, maps } = await shopWith(3);
    // Else it would be applied again, and be ours.
    fluxd.proxy.intercept = ({ method, path }) =>
      method === 'PATCH' && path.endsWith('/map-1') ? { kind: 'answer', status: 403 } : undefined;
    const { labels, annotations } = (await world.kube.get(path.configMap(shop, 'map-1'))).metadata;
    await world.kube.delete(path.configMap(shop, 'map-1'));
    await world.kube.create(path.configMaps(shop), { metadata: { name: 'map-1', labels, annotations } });
    const second = await repository.commit('One less', { 'map-1.yaml': null });
    await repository.synced(second);
    expect(await maps()).toContain('map-1');
  },
);

const broken: readonly (readonly [string, Files])[] = [
  ['a file that cannot be parsed', { 'broken.yaml': 'a: [' }],
  ['a document of the wrong shape', { 'broken.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: nonsense\n' }],
  ['a link that leads out of the repository', { 'broken.yaml': { link: '/etc/passwd' } }],
  ['a duplicate', { 'broken.yaml': `${manifest.configMap('default', 'twice')}---\n${manifest.configMap('default', 'twice')}` }],
];

test.runIf(thorough('broken files that hold deletions')).for(broken)(
  '%s holds every deletion of that round (R-020)',
  async ([, files]) => {
    const { repository, maps } = await shopWith(3);
    const second = await repository.commit('One less, and something broken', { 'map-1.yaml': null, ...files });
    await repository.synced(second);
    expect(await maps()).toHaveLength(3);

    const third = await repository.commit('Mended', { 'broken.yaml': null });
    expect((await repository.synced(third)).counts.deleted).toBe(1);
    expect(await maps()).toEqual(['map-0', 'map-2']);
  },
);

test.runIf(thorough('a list that fails holding deletions'))(
  'a list that fails holds every deletion of that round (R-020)',
  async () => {
    const { repository, fluxd, maps } = await shopWith(3);
    fluxd.proxy.intercept = ({ path, method }) =>
      method === 'GET' && path.endsWith('/secrets') ? { kind: 'answer', status: 500 } : undefined;
    const second = await repository.commit('One less', { 'map-1.yaml': null });
    await fluxd.sync();
    expect(await maps()).toHaveLength(3);

    fluxd.proxy.intercept = undefined;
    // A definition that another test deletes from the same cluster holds deletions as well, for ten seconds.
    await until('it is deleted', async () => {
      await fluxd.sync();
      return (await maps()).length < 3;
    });
    expect(await repository.resolve('refs/tags/flux-sync')).toBe(second);
    expect(await maps()).toEqual(['map-0', 'map-2']);
  },
);

test.runIf(thorough('a mass deletion that a commit confirms'))(
  'a mass deletion is held until a person confirms its number in a commit (R-021)',
  async () => {
    const { shop, repository, fluxd, maps } = await shopWith(14);
    const gone = Object.fromEntries([...Array(12).keys()].map((n) => [`map-${n}.yaml`, null]));
    const second = await repository.commit('Clear out', gone);
    const held = await repository.synced(second);
    expect(held.counts).toMatchObject({ held: 12 });
    expect(held.counts.deleted).toBeUndefined();
    await fluxd.sync();
    expect(await maps()).toHaveLength(14);
    expect(fluxd.log()).toMatch(
      new RegExp(`msg="deletions held".* objects=12 resources=\\S*${shop}:configmap/map-1,.*Allow-Prune: 12`),
    );
    expect(await (await fetch(new URL('/metrics', fluxd.url))).text()).toMatch(/^flux_prune_held_objects 12$/m);

    const third = await repository.commit('Some, but not so many\n\nAllow-Prune: 3', {});
    await repository.synced(third);
    expect(await maps()).toHaveLength(14);

    const fourth = await repository.commit('Yes, really\n\nAllow-Prune: 12', {});
    expect((await repository.synced(fourth)).counts).toMatchObject({ deleted: 12 });
    expect(await maps()).toEqual(['map-12', 'map-13']);
  },
);

test.runIf(thorough('an approved mass deletion, end to end'))(
  'fluxctl gc shows a mass deletion that is held, and approves exactly that one',
  async () => {
    // It looks at Git only when it is asked to, so that no commit comes to it before the approval does.
    const { shop, repository, fluxd, maps } = await shopWith(14, ['--sync-garbage-collection', '--git-poll-interval=1h']);
    const gone = Object.fromEntries([...Array(12).keys()].map((n) => [`map-${n}.yaml`, null]));
    await repository.commit('Clear out', gone);
    await fluxd.sync();
    const listed = await fluxd.fluxctl('gc');
    expect(listed.stdout).toContain(`${shop}:configmap/map-11`);
    const hash = /fluxctl gc approve ([0-9a-f]{16})/.exec(listed.stderr)?.[1] ?? '';
    if (process.env.SHOW_OUTPUT) process.stdout.write(`${listed.stdout}${listed.stderr}`);

    const other = await fluxd.fluxctl('gc', 'approve', hash.replace(/./g, '0'));
    expect(other.code).toBe(1);
    expect(other.stderr).toContain(hash);
    expect(await maps()).toHaveLength(14);

    // While a file cannot be read the approval lifts nothing; it is still good afterwards, and for less.
    await repository.commit('Oops', { 'broken.yaml': 'a: [', 'map-0.yaml': manifest.configMap(shop, 'map-0') });
    const doubtful = await fluxd.fluxctl('gc', 'approve', hash);
    expect(doubtful.code).toBe(1);
    expect(doubtful.stderr).toContain('1 manifest refused, 11 deletions not done');
    expect(await maps()).toHaveLength(14);

    await repository.commit('Mended', { 'broken.yaml': null });
    expect((await fluxd.sync()).counts).toMatchObject({ deleted: 11 });
    expect(await maps()).toEqual(['map-0', 'map-12', 'map-13']);
    expect((await fluxd.fluxctl('gc')).stdout).toBe('no deletions are held\n');
  },
);

test.runIf(thorough('a change of --git-path'))(
  'after a change of --git-path nothing is deleted; what is left over is named until a person adopts it or has it deleted (R-022)',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const map = (name: string) => manifest.configMap(shop, name);
    const first = await repository.commit('Two teams', {
      'one/namespace.yaml': manifest.namespace(shop),
      'one/a.yaml': map('map-a'),
      'two/b.yaml': map('map-b'),
      'two/c.yaml': map('map-c'),
    });
    const former = await world.fluxd(repository, { args: ['--sync-garbage-collection'] });
    await repository.synced(first);
    await former.stop();

    const fluxd = await world.fluxd(repository, { args: ['--sync-garbage-collection', '--git-path=one'] });
    const second = await repository.commit('One of them goes\n\nAllow-Prune: 9', { 'one/more.yaml': map('map-d') });
    await repository.synced(second);
    const named = async () =>
      (await fluxd.fluxctl('gc', 'orphans')).stdout.split('\n').filter((line) => line.startsWith(`${shop}:`));
    expect(await named()).toEqual([`${shop}:configmap/map-b`, `${shop}:configmap/map-c`]);
    expect(fluxd.log()).toContain('the mark of another Flux, or of an earlier URL, branch or path; left alone');

    await repository.synced(await repository.commit('Adopt one', { 'one/b.yaml': map('map-b') }));
    const adopted = await fluxd.fluxctl('gc', 'delete', `${shop}:configmap/map-b`);
    expect([adopted.code, adopted.stderr]).toEqual([1, expect.stringContaining('is not an orphan that can be deleted')]);
    const deleted = await fluxd.fluxctl('gc', 'delete', `${shop}:configmap/map-c`);
    expect(deleted).toMatchObject({ code: 0, stdout: expect.stringContaining(`deleted ${shop}:configmap/map-c: `) });
    expect(await named()).toEqual([]);
    const maps = (await world.kube.list(path.configMaps(shop))).map(({ metadata }) => metadata.name);
    expect(maps.filter((name) => name.startsWith('map-'))).toEqual(['map-a', 'map-b', 'map-d']);
  },
);

const moves = [
  ['into the new one before it leaves the old one', true],
  ['out of the old one before it is in the new one', false],
] as const;
test.runIf(thorough('objects that go from one repository to another')).for(moves)(
  'an object that goes from one repository to another, %s, is there in the end (R-025)',
  async ([, newFirst]) => {
    const { shop, repository: old, fluxd: former } = await shopWith(2);
    const next = await world.repository();
    const shared = { 'map-1.yaml': manifest.configMap(shop, 'map-1') };
    const first = await next.commit('A shop of our own', { 'own.yaml': manifest.configMap(shop, 'own') });
    const later = await world.fluxd(next, { args: ['--sync-garbage-collection'] });
    await next.synced(first);
    const { uid } = (await world.kube.get(path.configMap(shop, 'map-1'))).metadata;

    const takeOver = async () => next.synced(await next.commit('Take over', shared));
    if (newFirst) {
      await takeOver();
      await until('the conflict is told', () => `${former.log()}${later.log()}`.includes('both want it'));
    }
    await old.synced(await old.commit('Hand over', { 'map-1.yaml': null }));
    if (!newFirst) await takeOver();

    await former.sync();
    await later.sync();
    await former.sync();
    const { metadata } = await world.kube.get(path.configMap(shop, 'map-1'));
    if (newFirst) expect(metadata.uid).toBe(uid);
    const { changes } = await later.sync();
    expect(changes.filter(({ outcome }) => outcome === 'created' || outcome === 'failed')).toEqual([]);
  },
);

test.runIf(thorough('an emptied repository'))('an emptied repository deletes nothing (R-021)', async () => {
  const { repository, maps } = await shopWith(2);
  const second = await repository.commit('Oops', { 'namespace.yaml': null, 'map-0.yaml': null, 'map-1.yaml': null });
  const record = await repository.synced(second);
  expect(record.counts).toEqual({ held: 3 });
  expect(await maps()).toHaveLength(2);
});

test.runIf(thorough('a repository that was made anew'))(
  'a repository that was made anew with another file deletes nothing, neither in its second sync nor after a restart (R-021)',
  async () => {
    const { shop, repository, fluxd, maps } = await shopWith(4);
    const files = Object.fromEntries([...Array(4).keys()].map((n) => [`map-${n}.yaml`, null]));
    const another = manifest.configMap(shop, 'another');
    await repository.synced(
      await repository.commit('Another one', { ...files, 'another.yaml': another, 'namespace.yaml': null }),
    );
    for (const restarts of [false, false, true]) {
      if (restarts) await fluxd.restart();
      expect((await fluxd.sync()).counts).toMatchObject({ held: 5, unchanged: 1 });
    }
    expect(await maps()).toHaveLength(4);
    // The namespace, which has something in Git, stays whatever a person confirms.
    await repository.synced(await repository.commit('Yes\n\nAllow-Prune: 4', {}));
    expect(await maps()).toEqual([]);
  },
);

test.runIf(thorough('the deletion of a namespace'))('a namespace is not deleted without a confirmation (R-021)', async () => {
  const { shop, repository } = await shopWith(1);
  const other = world.namespace('other');
  const second = await repository.commit('One more', { 'other.yaml': manifest.namespace(other) });
  await repository.synced(second);
  const third = await repository.commit('And away', { 'other.yaml': null });
  expect((await repository.synced(third)).counts).toMatchObject({ held: 1 });
  expect((await world.kube.get(path.namespace(other))).metadata.deletionTimestamp).toBeUndefined();

  const fourth = await repository.commit('Yes\n\nAllow-Prune: 1', {});
  expect((await repository.synced(fourth)).counts).toMatchObject({ deleted: 1 });
  const left = await world.kube.find(path.namespace(other)); // it may take a while to go
  if (left) expect(left.metadata.deletionTimestamp).toBeDefined();
  expect(await world.kube.find(path.namespace(shop))).toBeDefined();
});

test.runIf(thorough('a namespace that Git still fills'))(
  'a namespace stays while Git has something in it, also when its deletion is confirmed (R-015)',
  async () => {
    const { shop, repository } = await shopWith(2);
    const second = await repository.commit('Close the shop, but not quite\n\nAllow-Prune: 9', { 'namespace.yaml': null });
    expect((await repository.synced(second)).counts).toEqual({ unchanged: 2, held: 1 });
    expect((await world.kube.get(path.namespace(shop))).metadata.deletionTimestamp).toBeUndefined();
  },
);

test.runIf(thorough('deletions that wait for finalizers'))(
  'an object that waits for its finalizers is shown until it is gone, and the rest is deleted (R-026)',
  async () => {
    const { shop, repository, fluxd, maps } = await shopWith(4);
    await world.kube.patch(path.configMap(shop, 'map-0'), { metadata: { finalizers: ['example.com/slow'] } });
    const second = await repository.commit('Two less', { 'map-0.yaml': null, 'map-1.yaml': null });
    await repository.synced(second);
    expect(await maps()).toEqual(['map-0', 'map-2', 'map-3']);
    await fluxd.fluxctl('sync');
    expect((await fluxd.fluxctl('gc')).stdout).toMatch(/it is being deleted since .* and waits for its finalizers\n/);

    await world.kube.patch(path.configMap(shop, 'map-0'), { metadata: { finalizers: null } });
    await fluxd.fluxctl('sync');
    expect(await maps()).toEqual(['map-2', 'map-3']);
    expect((await fluxd.fluxctl('gc')).stdout).toBe('no deletions are held\n');
  },
);
