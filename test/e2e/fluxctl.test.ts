import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A shop with one workload at 1.0.0, three versions in the registry, and a daemon that has synced it. */
async function openShop(annotations: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  const versions = ['1.0.0', '1.1.0', '2.0.0'];
  for (const [n, version] of versions.entries())
    await world.push(name, version, { version, created: `2024-0${n + 1}-10T10:00:00Z` });
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0`, annotations }),
  });
  const fluxd = await world.fluxd(repository, { args });
  await repository.synced(first);
  const id = `${shop}:deployment/web`;
  const scanned = async () => (await (await fluxd.api(`v10/images?namespace=${shop}`)).text()).includes('2.0.0');
  const running = async () =>
    (await world.kube.get(path.deployment(shop, 'web'))).spec.template.spec.containers[0].image as string;
  return { shop, image, repository, first, fluxd, id, scanned, running };
}

test('sync waits until a new commit is applied, and exits 1 and names object, file and reason when something failed', async () => {
  const { shop, repository, fluxd } = await openShop({}, ['--git-poll-interval=1h']);
  const second = await repository.commit('A map', { 'map.yaml': manifest.configMap(shop, 'map') });
  const { code, stdout, stderr } = await fluxd.fluxctl('sync');
  expect(code).toBe(0);
  expect(stderr).toContain('Synchronizing with file://');
  expect(stderr).toContain(second.slice(0, 7));
  expect(stdout + stderr).toContain(`${shop}:configmap/map`);
  expect(await world.kube.find(path.configMap(shop, 'map'))).toBeDefined();
  expect(await repository.resolve('refs/tags/flux-sync')).toBe(second);

  await repository.commit('Bad things', {
    'broken.yaml': 'kind: [',
    'refused.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: Not_A_Name, namespace: ${shop} }\n`,
    'good.yaml': manifest.configMap(shop, 'good'),
  });
  const bad = await fluxd.fluxctl('sync');
  expect(bad.code).toBe(1);
  for (const text of ['broken.yaml', 'refused.yaml', `${shop}:configmap/Not_A_Name`])
    expect(bad.stdout + bad.stderr).toContain(text);
  expect(await world.kube.find(path.configMap(shop, 'good'))).toBeDefined();
});

test.runIf(thorough('fluxctl sync at an unchanged revision'))(
  'sync at an unchanged revision says what it did to an object that could not be put right before',
  async () => {
    const { shop, fluxd } = await openShop({}, ['--git-poll-interval=1h']);
    const nothing = await fluxd.fluxctl('sync');
    expect(nothing.code).toBe(0);
    const web = path.deployment(shop, 'web');
    fluxd.proxy.intercept = ({ method, path: asked }) =>
      method === 'PATCH' && asked === `/${web}` ? { kind: 'answer', status: 403 } : undefined;
    await world.kube.patch(web, { spec: { replicas: 3 } });
    const refused = await fluxd.fluxctl('sync');
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toContain(`failed ${shop}:deployment/web`);
    fluxd.proxy.intercept = undefined;
    expect((await fluxd.fluxctl('sync')).code).toBe(0);
    expect((await world.kube.get(web)).spec.replicas).toBe(1);
  },
);

test.runIf(thorough('fluxctl list-workloads'))('list-workloads shows what runs, its image and its policies', async () => {
  const { shop, image, fluxd, id } = await openShop({ 'fluxcd.io/automated': 'true', 'fluxcd.io/locked': 'true' });
  const table = async () => (await fluxd.fluxctl('list-workloads', '--namespace', shop)).stdout;
  await until('the workload is ready', async () => (await table()).includes('ready'));
  expect((await table()).split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['WORKLOAD', 'CONTAINER', 'IMAGE', 'RELEASE', 'POLICY'],
    [id, 'web', `${image}:1.0.0`, 'ready', 'automated,locked'],
    [''],
  ]);
});

test.runIf(thorough('fluxctl list-images'))(
  'list-images shows the tags of the registry, newest first, and which one runs',
  async () => {
    const { image, fluxd, id, scanned } = await openShop();
    await until('the registry was scanned', scanned);
    const { stdout, code } = await fluxd.fluxctl('list-images', '--workload', id);
    expect(code).toBe(0);
    const rows = stdout.split('\n').map((line) => line.trim());
    expect(rows[1]?.split(/ {2,}/)).toEqual([id, 'web', image]);
    expect(rows.slice(2, 5).map((row) => row.replace(/ +/g, ' '))).toEqual([
      '| 2.0.0 10 Mar 24 10:00 UTC',
      '| 1.1.0 10 Feb 24 10:00 UTC',
      "'-> 1.0.0 10 Jan 24 10:00 UTC",
    ]);
  },
);

test.runIf(thorough('fluxctl automate'))(
  'automate commits the policy, and Flux then releases by itself; deautomate takes it back',
  async () => {
    const { image, repository, first, fluxd, id, scanned, running } = await openShop({ 'fluxcd.io/tag.web': 'semver:~1' });
    await until('the registry was scanned', scanned);
    const automated = await fluxd.fluxctl(
      'automate',
      '--workload',
      id,
      '--message',
      'hands off',
      '--user',
      'Ann <ann@example.org>',
    );
    expect(automated).toMatchObject({ code: 0 });
    expect(automated.stdout).toContain(id);
    expect(automated.stderr).toMatch(/Commit pushed:\t[0-9a-f]{7}/);
    const [policy = ''] = await repository.commitsSince(first);
    expect(await repository.git('log', '-1', '--format=%B', policy)).toContain('hands off');
    expect(await repository.git('show', `${policy}:web.yaml`)).toMatch(/fluxcd\.io\/automated: 'true'/);

    await until('Flux has released the newest of its range', async () => (await running()) === `${image}:1.1.0`);
    const deautomated = await fluxd.fluxctl('deautomate', '--workload', id);
    expect(deautomated).toMatchObject({ code: 0 });
    expect(await repository.text('web.yaml')).not.toContain('fluxcd.io/automated');
    expect(await repository.commitsSince(first)).toHaveLength(3);

    const again = await fluxd.fluxctl('deautomate', '--workload', id);
    expect(again.code).toBe(0);
    expect(await repository.commitsSince(first)).toHaveLength(3);
  },
);

test('release puts the given image into Git and into the cluster', async () => {
  const { image, repository, first, fluxd, id, scanned, running } = await openShop();
  await until('the registry was scanned', scanned);
  const dry = await fluxd.fluxctl('release', '--workload', id, '--update-image', `${image}:1.1.0`, '--dry-run');
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toContain(`web: ${image}:1.0.0 -> 1.1.0`);
  expect(await repository.commitsSince(first)).toEqual([]);

  const released = await fluxd.fluxctl('release', '--workload', id, '--update-image', `${image}:1.1.0`);
  expect(released).toMatchObject({ code: 0 });
  expect(released.stdout).toContain(`web: ${image}:1.0.0 -> 1.1.0`);
  expect(released.stderr).toMatch(/Commit applied:\t[0-9a-f]{7}/);
  expect(await running()).toBe(`${image}:1.1.0`);
  const [commit = ''] = await repository.commitsSince(first);
  expect(await repository.git('log', '-1', '--format=%s', commit)).toBe(`Release ${image}:1.1.0 to ${id}\n`);

  const newest = await fluxd.fluxctl('release', '--workload', id, '--update-all-images');
  expect(newest).toMatchObject({ code: 0 });
  expect(await running()).toBe(`${image}:2.0.0`);
  expect(await repository.commitsSince(first)).toHaveLength(2);

  const nothing = await fluxd.fluxctl('release', '--workload', id, '--update-all-images');
  expect(nothing.code).toBe(1);
  expect(nothing.stderr).toContain('no changes made in repo');
});

test.runIf(thorough('a release beside a push'))('a release and a push by a person at the same time both arrive', async () => {
  const { shop, image, repository, first, fluxd, id, scanned } = await openShop();
  await until('the registry was scanned', scanned);
  // The person is quicker: when Flux pushes, the branch has just moved.
  repository.hook('pre-receive', 'sleep 0.3');
  const release = fluxd.fluxctl('release', '--workload', id, '--update-image', `${image}:1.1.0`);
  const person = repository.commit('A map', { 'map.yaml': manifest.configMap(shop, 'map') }).catch(async () => {
    await repository.pull();
    await repository.inClone('push', '--quiet', 'origin', 'main');
  });
  expect((await release).code).toBe(0);
  await person;
  const commits = await repository.commitsSince(first);
  expect(commits).toHaveLength(2);
  await repository.synced(commits[1] ?? '');
  expect(await world.kube.find(path.configMap(shop, 'map'))).toBeDefined();
  expect(await repository.text('web.yaml')).toContain(`${image}:1.1.0`);
});
