import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../git/support/repository.ts';
import { askAsGo } from '../support/go-client.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const HWM = 'flux.weave.works/sync-hwm';

test.runIf(thorough('a read-only daemon, end to end'))(
  'a read-only daemon syncs a repository that refuses every push, marks the Secret, and says what it does not do',
  async () => {
    const home = world.namespace('flux');
    await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
    await world.kube.create(`api/v1/namespaces/${home}/secrets`, { metadata: { name: 'flux-git-deploy' }, type: 'Opaque' });
    const annotations = async () =>
      (await world.kube.find(`api/v1/namespaces/${home}/secrets/flux-git-deploy`))?.metadata.annotations ?? {};
    const marked = (revision: string) => until('the Secret is marked', async () => (await annotations())[HWM] === revision);
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    for (const version of ['1.0.0', '1.1.0']) await world.push(name, version, { version });
    const repository = await world.repository();
    const web = (greeting: string) =>
      manifest.deployment({
        ...{ namespace: shop, name: 'web', image: `${world.registry}/${name}:1.0.0` },
        annotations: { 'fluxcd.io/automated': 'true', greeting },
      });
    const first = await repository.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop), 'web.yaml': web('a') });
    const fluxd = await world.fluxd(repository, { args: ['--git-readonly'], pod: { namespace: home, name: 'flux-1' } });
    await marked(first);
    await until('it is logged', () => fluxd.log().includes('sync marker moved'));
    const log = fluxd.log();
    expect(log).toContain('--git-readonly prevents use of --sync-state=git. Forcing to --sync-state=secret');
    expect(log).toContain(`kubernetes ${home}:secret/flux-git-deploy`);

    const id = `${shop}:deployment/web`;
    const listed = JSON.parse((await fluxd.fluxctl('list-workloads', '-n', shop, '-o', 'json')).stdout);
    expect(listed).toMatchObject([{ ID: id, ReadOnly: 'ReadOnlyMode', Automated: true }]);
    await until('automation says why it does nothing', async () => {
      const { stdout } = await fluxd.fluxctl('list-images', '-n', shop);
      return stdout.includes('the repository is read-only');
    });
    for (const words of [
      ['release', `--workload=${id}`, '--update-all-images'],
      ['automate', `--workload=${id}`],
    ]) {
      const refused = await fluxd.fluxctl(...words);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('cannot make a working clone of a read-only git repo');
    }
    const plan = await fluxd.fluxctl(
      'release',
      `--workload=${id}`,
      `--update-image=${world.registry}/${name}:1.1.0`,
      '--dry-run',
    );
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('1.1.0') });
    // As the Go fluxctl asks.
    const update = `{"type":"policy","cause":{"Message":"","User":""},"spec":{"${id}":{"add":{"locked":"true"},"remove":{}}}}`;
    const port = Number(new URL(fluxd.url).port);
    const job = JSON.parse((await askAsGo(port, { path: '/v9/update-manifests', method: 'POST', body: update })).body);
    await until('the job of the Go fluxctl fails', async () => {
      const { body } = await askAsGo(port, { path: `/v6/jobs?id=${job}` });
      return body.includes('cannot make a working clone of a read-only git repo');
    });

    const second = await repository.commit('Greet', { 'web.yaml': web('b') });
    expect(await fluxd.fluxctl('sync')).toMatchObject({ code: 0 });
    await marked(second);
    await fluxd.restart();
    await until('it has synced again', async () => fluxd.log().split('--- restarted ---')[1]?.includes('sync done') ?? false);
    const { stdout, stderr } = await fluxd.fluxctl('history', '-o', 'json');
    expect(stderr).toContain('fluxd keeps its records in memory');
    const history = JSON.parse(stdout);
    // The Secret keeps the record of the marker, and of the one before.
    expect(new Set(history.map(({ revision }: { revision: string }) => revision))).toEqual(new Set([second, first]));
    expect((await repository.git('for-each-ref', '--format=%(refname)')).trim()).toBe('refs/heads/main');
  },
);

test.runIf(thorough('a range of tags, end to end'))(
  'the newest tag of a range is synced, and a newer one is followed',
  async () => {
    const home = world.namespace('flux');
    await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
    await world.kube.create(`api/v1/namespaces/${home}/secrets`, { metadata: { name: 'flux-git-deploy' }, type: 'Opaque' });
    const [one, two] = [world.namespace('one'), world.namespace('two')];
    const repository = await world.repository();
    const tag = (name: string, revision: string) => repository.git('tag', name, revision);
    await tag('v1.4.2', await repository.commit('One', { 'one.yaml': manifest.namespace(one) }));
    const second = await repository.commit('Two', { 'two.yaml': manifest.namespace(two) });
    await tag('v2.0.0', second);
    const config = join(temporaryDirectory(), 'flux.yaml');
    writeFileSync(config, `sources: [{ name: shop, git-url: 'file://${repository.directory}', git-ref: 'semver:^1' }]`);
    const fluxd = await world.fluxd({ config }, { pod: { namespace: home, name: 'flux-1' } });
    await until('the first tag is applied', async () => (await world.kube.find(path.namespace(one))) !== undefined);
    expect((await fluxd.fluxctl('doctor')).stdout).toContain('tag v1.4.2 (semver:^1), is readable');
    expect(await world.kube.find(path.namespace(two))).toBeUndefined();
    await tag('v1.10.0', second);
    const { code, stderr } = await fluxd.fluxctl('sync');
    expect([code, stderr]).toEqual([0, expect.stringContaining('tag v1.10.0 (semver:^1)')]);
    expect(await world.kube.find(path.namespace(two))).toBeDefined();
    const { code: refused } = await fluxd.fluxctl('automate', `--workload=${one}:deployment/x`);
    expect(refused).toBe(1);
    expect((await repository.git('for-each-ref', '--format=%(refname:short)')).trim().split('\n').toSorted()).toEqual([
      'main',
      'v1.10.0',
      'v1.4.2',
      'v2.0.0',
    ]);
  },
);

test('outside of the cluster there is no place for the marker, and fluxd says so', async () => {
  const repository = await world.repository();
  await repository.commit('Begin', { 'a.yaml': manifest.namespace(world.namespace('a')) });
  const fluxd = await world.fluxd(repository, { args: ['--sync-state=secret'], wait: false });
  await until('it ends', async () => !fluxd.running());
  expect(fluxd.log()).toContain('no place to record syncs: fluxd runs outside of the cluster');
  expect((await fluxd.stop()).code).toBe(1);
});

test.runIf(thorough('a writable daemon that marks the Secret'))(
  'with --sync-state=secret commits go to Git with their notes, and the marker to the Secret; a restart with git goes on',
  async () => {
    const home = world.namespace('flux');
    await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    for (const version of ['1.0.0', '1.1.0']) await world.push(name, version, { version });
    const repository = await world.repository();
    const image = `${world.registry}/${name}`;
    await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0` }),
    });
    const pod = { namespace: home, name: 'flux-1' };
    const fluxd = await world.fluxd(repository, { args: ['--sync-state=secret'], pod });
    await until('it has synced', () => fluxd.log().includes('sync marker moved'));
    const release = await fluxd.fluxctl('release', `--workload=${shop}:deployment/web`, `--update-image=${image}:1.1.0`);
    expect(release).toMatchObject({ code: 0 });
    const head = repository.head();
    expect(JSON.parse(await repository.git('notes', '--ref=flux', 'show', head)).spec.type).toBe('image');
    await until('it is marked', async () => {
      const secret = await world.kube.find(`api/v1/namespaces/${home}/secrets/flux-git-deploy`);
      return secret?.metadata.annotations?.[HWM] === head;
    });
    expect(await repository.resolve('refs/tags/flux-sync')).toBeUndefined();
    await fluxd.stop();
    const next = await world.fluxd(repository, { pod: { ...pod, name: 'flux-2' } });
    await repository.synced(head);
    await until('one marker is left', () => next.log().includes('their marker was removed from the Secret'));
  },
);
