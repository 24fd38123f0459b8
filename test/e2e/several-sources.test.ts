import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { sourcesSchema } from '../../src/api/wire/index.ts';
import { dumpYaml } from '../../src/base/index.ts';
import { thorough } from '../support/sampled.ts';
import { type Fluxd, manifest, path, type Repository, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Writes a config file for sources on branch main, by name. */
function configOf(sources: Readonly<Record<string, { readonly repository: Repository; readonly more?: object }>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'flux.yaml');
  const list = Object.entries(sources).map(([name, { repository, more }]) => ({
    name,
    'git-url': `file://${repository.directory}`,
    'git-branch': 'main',
    ...more,
  }));
  writeFileSync(file, dumpYaml({ sources: list }));
  return file;
}

async function sourcesOf(fluxd: Fluxd) {
  const response = await fetch(fluxd.url.replace('/api/flux', '/api/v1/sources'));
  return sourcesSchema.parse(await response.json()).sources;
}

const automated = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:^1' };

test.runIf(thorough('two repositories in one daemon, end to end'))(
  'two repositories are synced by one daemon, each with records and image updates of its own',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    await world.push(name, '1.0.0', { version: '1.0.0' });
    const [apps, infra] = [await world.repository(), await world.repository()];
    const web = (workload: string) =>
      manifest.deployment({ namespace: shop, name: workload, image: `${image}:1.0.0`, annotations: automated });
    const first = await infra.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop), 'proxy.yaml': web('proxy') });
    const second = await apps.commit('Run the shop', { 'web.yaml': web('web') });
    const fluxd = await world.fluxd(
      { config: configOf({ infra: { repository: infra }, apps: { repository: apps } }) },
      { args: ['--sync-garbage-collection'] },
    );
    expect(await infra.synced(first)).toMatchObject({ counts: { created: 2 } });
    await until('the namespace of the other source is there', async () => (await apps.synced(second)).counts.created === 1);
    await until('both are ready', async () => (await sourcesOf(fluxd)).every(({ ready }) => ready));
    expect(await sourcesOf(fluxd)).toMatchObject([
      { name: 'infra', status: 'ready', revision: first },
      { name: 'apps', status: 'ready', revision: second },
    ]);

    const listed = await fluxd.fluxctl('list-workloads', '-n', shop);
    expect(listed.stdout).toMatch(/deployment\/proxy.*automated/);
    expect(listed.stdout).toMatch(/deployment\/web.*automated/);
    const one = await fluxd.fluxctl('--source=apps', 'list-workloads', '-n', shop);
    expect(one.stdout).toMatch(/deployment\/web.*automated/);
    expect(one.stdout).not.toMatch(/deployment\/proxy.*automated/);

    await world.push(name, '1.0.1', { version: '1.0.1' });
    await until('both repositories have the new image', async () => {
      await fluxd.api('v11/notify', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ Kind: 'image', Source: { Name: { Domain: world.registry, Image: name } } }),
      });
      const heads = await Promise.all([infra.text('proxy.yaml'), apps.text('web.yaml')]);
      return heads.every((text) => text.includes(`${image}:1.0.1`));
    });

    const policy = await fluxd.fluxctl('lock', '-w', `${shop}:deployment/web`);
    expect(policy).toMatchObject({ code: 0 });
    expect(await apps.text('web.yaml')).toContain("fluxcd.io/locked: 'true'");
    expect(await infra.text('proxy.yaml')).not.toContain('locked');

    const synced = await fluxd.fluxctl('sync');
    expect(synced).toMatchObject({ code: 0 });
    const history = await fluxd.fluxctl('status', '-o', 'json');
    expect(history).toMatchObject({ code: 0 });
  },
);

test.runIf(thorough('an object that moves between sources'))(
  'an object that moves from one source to the other is never deleted',
  async () => {
    const shop = world.namespace('shop');
    const [apps, infra] = [await world.repository(), await world.repository()];
    const others = { 'a.yaml': manifest.configMap(shop, 'a', {}), 'b.yaml': manifest.configMap(shop, 'b', {}) };
    await infra.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop), ...others });
    const moving = { 'prices.yaml': manifest.configMap(shop, 'prices', { apple: '1' }) };
    const before = await apps.commit('Set prices', { ...moving, 'c.yaml': manifest.configMap(shop, 'c', {}) });
    const fluxd = await world.fluxd(
      { config: configOf({ infra: { repository: infra }, apps: { repository: apps } }) },
      { args: ['--sync-garbage-collection', '--git-poll-interval=1h'] },
    );
    await until('both have synced', async () => (await sourcesOf(fluxd)).every(({ ready }) => ready));
    await until('apps are in the cluster', async () => (await apps.resolve('flux-sync')) === before);
    const at = path.configMap(shop, 'prices');
    await until('the prices are there', async () => (await world.kube.find(at)) !== undefined);
    const { uid } = (await world.kube.get(at)).metadata;

    await infra.commit('Take the prices', moving);
    const given = await apps.commit('Give the prices away', { 'prices.yaml': null });
    // The source that gives it away syncs first; the other one has not even fetched.
    const refresh = await fetch(fluxd.url.replace('/api/flux', '/api/v1/syncs?source=apps'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(refresh.status).toBe(202);
    await apps.synced(given);
    await until('the other source has taken it over', async () => {
      await fluxd.sync();
      const { labels, uid: now } = (await world.kube.get(at)).metadata;
      return now === uid && labels !== undefined;
    });
    expect(fluxd.proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);

    const gone = await infra.commit('Close the shop', { 'prices.yaml': null });
    await fluxd.sync();
    await infra.synced(gone);
    await until('what neither has is deleted', async () => (await world.kube.find(at)) === undefined);
  },
);

test.runIf(thorough('two paths of one repository as sources'))(
  'two paths of one repository are two sources, each with its own label',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const head = await repository.commit('Open the shop', {
      'infra/namespace.yaml': manifest.namespace(shop),
      'infra/a.yaml': manifest.configMap(shop, 'a', {}),
      'apps/b.yaml': manifest.configMap(shop, 'b', {}),
    });
    const source = (name: string) => ({ repository, more: { 'git-path': [name], 'git-label': `flux-${name}` } });
    const fluxd = await world.fluxd({ config: configOf({ infra: source('infra'), apps: source('apps') }) });
    for (const label of ['flux-infra', 'flux-apps']) {
      await until(`${label} is at the head`, async () => (await repository.resolve(label)) === head);
      expect(JSON.parse(await repository.git('notes', `--ref=${label}-sync`, 'show', head))).toMatchObject({ revision: head });
    }
    await until('all is there', async () => (await world.kube.find(path.configMap(shop, 'b'))) !== undefined);
    expect(await repository.resolve('flux-sync')).toBeUndefined();
    expect((await sourcesOf(fluxd)).map(({ name, paths }) => [name, paths])).toEqual([
      ['infra', ['infra']],
      ['apps', ['apps']],
    ]);
  },
);

test.runIf(thorough('held deletions of two sources'))(
  'held deletions of two sources are listed and approved as one',
  async () => {
    const shop = world.namespace('shop');
    const [apps, infra] = [await world.repository(), await world.repository()];
    const precious = (name: string) =>
      manifest.configMap(shop, name).replace('\ndata:', '\n  annotations: {fluxcd.io/prune: confirm}\ndata:');
    await infra.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop), 'a.yaml': precious('a') });
    await apps.commit('Run the shop', { 'b.yaml': precious('b'), 'c.yaml': manifest.configMap(shop, 'c') });
    const fluxd = await world.fluxd(
      { config: configOf({ infra: { repository: infra }, apps: { repository: apps } }) },
      { args: ['--sync-garbage-collection'] },
    );
    await until('all is there', async () => {
      const found = await Promise.all(['a', 'b', 'c'].map((name) => world.kube.find(path.configMap(shop, name))));
      return !found.includes(undefined);
    });
    await infra.commit('Drop a', { 'a.yaml': null });
    await apps.commit('Drop b', { 'b.yaml': null });
    const synced = await fluxd.fluxctl('sync');
    expect(synced.stderr).toContain('Synchronizing with the sources infra, apps\n');
    expect(synced.stdout).toContain('2 held');
    const [, hash = ''] = /fluxctl gc approve (\S+)/.exec((await fluxd.fluxctl('gc')).stderr) ?? [];
    expect(await fluxd.fluxctl('gc', 'approve', hash)).toMatchObject({ code: 0, stdout: expect.stringContaining('2 deleted') });
    for (const name of ['a', 'b']) expect(await world.kube.find(path.configMap(shop, name))).toBeUndefined();
  },
);

test.runIf(thorough('a source that cannot be reached'))(
  'a source that cannot be reached is named, and the other one goes on',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    await repository.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop) });
    const lost = { ...(await world.repository()), directory: '/nowhere/lost.git' };
    const fluxd = await world.fluxd({ config: configOf({ lost: { repository: lost }, shop: { repository } }) });
    const next = await repository.commit('Greet', { 'greeting.yaml': manifest.configMap(shop, 'greeting', {}) });
    expect(await repository.synced(next)).toMatchObject({ revision: next });
    const readiness = await fetch(fluxd.url.replace('/api/flux', '/readyz'));
    expect(readiness.status).toBe(503);
    expect(await readiness.text()).toMatch(/^not ready: source lost: Git: /);
    const asked = await fluxd.fluxctl('diff');
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('Name one: lost, shop (--source of fluxctl');
    expect(await fluxd.fluxctl('--source=shop', 'diff')).toMatchObject({ code: 0 });
    const unknown = await fluxd.fluxctl('--source=shp', 'diff');
    expect(unknown.stderr).toContain('The sources of this daemon are lost, shop.');
  },
);

test('sources that would overwrite each other stop the start', async () => {
  const repository = await world.repository();
  await repository.commit('Begin', { 'a.yaml': manifest.namespace(world.namespace('a')) });
  const config = configOf({ one: { repository, more: { 'git-path': ['a'] } }, two: { repository, more: { 'git-path': ['b'] } } });
  const fluxd = await world.fluxd({ config }, { wait: false });
  await until('it ends', async () => !fluxd.running());
  expect(fluxd.log()).toContain('sources one and two use one repository and the same label, flux-sync');
});
