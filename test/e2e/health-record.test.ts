import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, type Repository, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface Health {
  readonly state: string;
  readonly images: Readonly<Record<string, string>>;
  readonly reason?: string;
}

/** The health in the record of a revision, once it is there. */
async function healthIn(repository: Repository, revision: string): Promise<Readonly<Record<string, Health>>> {
  const read = async () => JSON.parse(await repository.git('notes', '--ref=flux-sync', 'show', revision)).health;
  await until('its health is recorded', async () => (await read()) !== undefined);
  return read();
}

const pushes = async (repository: Repository) => Number(await repository.git('rev-list', '--count', 'refs/notes/flux-sync'));

test.runIf(thorough('health in the record of a sync'))(
  'the record of a sync says what became of the workloads that it changed, after a restart too',
  async () => {
    const shop = world.namespace('shop');
    const web = `${shop}:deployment/web`;
    const name = world.unique('acme/web');
    for (const version of ['1.0.0', '1.1.0']) await world.push(name, version, { version });
    const image = (tag: string) => `${world.registry}/${name}:${tag}`;
    const deployment = (tag: string, deadline = 600) =>
      manifest
        .deployment({ namespace: shop, name: 'web', image: image(tag) })
        .replace('  replicas: 1\n', `  replicas: 1\n  progressDeadlineSeconds: ${deadline}\n`);
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'map.yaml': manifest.configMap(shop, 'map'),
      'web.yaml': deployment('1.0.0'),
    });
    const fluxd = await world.fluxd(repository, {
      args: ['--git-poll-interval=1h', `--automation-revert-deadline=${world.runsPods ? 20 : 4}s`],
    });
    await repository.synced(first);
    expect(await healthIn(repository, first)).toEqual({ [web]: { state: 'healthy', images: { web: image('1.0.0') } } });
    expect(await pushes(repository)).toBe(2);
    const syncs = JSON.parse((await fluxd.fluxctl('history', '-o', 'json')).stdout);
    expect(syncs[0]).toMatchObject({ revision: first, health: { [web]: { state: 'healthy' } } });

    const second = await repository.commit('A map', { 'map.yaml': manifest.configMap(shop, 'map', { a: '2' }) });
    await fluxd.fluxctl('sync');
    const bad = await repository.commit('An image that does not exist', { 'web.yaml': deployment('missing', 3) });
    await fluxd.fluxctl('sync');
    const failed = await healthIn(repository, bad);
    expect(failed).toEqual({
      [web]: { state: 'failed', images: { web: image('missing') }, reason: expect.stringMatching(/^progress deadline exceeded/) },
    });
    expect(JSON.parse(await repository.git('notes', '--ref=flux-sync', 'show', second)).health).toBeUndefined();
    expect(await pushes(repository)).toBe(5);

    const scaled = await repository.commit('A good image', { 'web.yaml': deployment('1.1.0') });
    await fluxd.fluxctl('sync');
    await fluxd.kill();
    await fluxd.restart();
    expect(await healthIn(repository, scaled)).toEqual({ [web]: { state: 'healthy', images: { web: image('1.1.0') } } });
    expect((await world.kube.get(path.deployment(shop, 'web'))).status).toMatchObject({ availableReplicas: 1 });
  },
);
