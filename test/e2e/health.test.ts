import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A Deployment of the test image, whose rollout fails when it makes no progress for so many seconds. */
function deployment(namespace: string, image: string, deadline: number): string {
  return manifest
    .deployment({ namespace, name: 'web', image })
    .replace('  replicas: 1\n', `  replicas: 1\n  progressDeadlineSeconds: ${deadline}\n`);
}

test.runIf(thorough('fluxctl sync --wait for what becomes ready'))(
  'sync --wait ends when what was applied is ready, and asks for no object on the way',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    await world.push(name, '1.0.0', { version: '1.0.0' });
    const repository = await world.repository();
    const first = await repository.commit('A namespace', { 'namespace.yaml': manifest.namespace(shop) });
    const fluxd = await world.fluxd(repository, { args: ['--git-poll-interval=1h'] });
    await repository.synced(first);
    await repository.commit('Open the shop', {
      'map.yaml': manifest.configMap(shop, 'map'),
      'web.yaml': deployment(shop, `${world.registry}/${name}:1.0.0`, 600),
    });
    fluxd.proxy.clear();
    const { code, stdout, stderr } = await fluxd.fluxctl('sync', '--wait');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(`created ${shop}:deployment/web`) });
    expect(stderr).toMatch(/3 of 3 objects healthy\.\n$/);
    expect((await world.kube.get(path.deployment(shop, 'web'))).status).toMatchObject({ availableReplicas: 1 });
    const reads = fluxd.proxy.requests.filter((each) => each.method === 'GET' && !each.metadataOnly);
    expect(reads.filter((each) => each.path.endsWith('/deployments/web'))).toEqual([]);
    // Listings watch them already.
    const looks = reads.filter((each) => each.path === '/apis/apps/v1/deployments' && each.query.get('labelSelector') !== null);
    expect(looks).toEqual([]);

    const again = await fluxd.fluxctl('sync', '--wait');
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('3 of 3 objects healthy.') });
  },
);

test.runIf(thorough('fluxctl sync --wait for a rollout that fails'))(
  'sync --wait exits 1 and says why when a rollout fails, and 0 once it is mended',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    await world.push(name, '1.0.0', { version: '1.0.0' });
    const image = `${world.registry}/${name}`;
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'map.yaml': manifest.configMap(shop, 'map'),
      'web.yaml': deployment(shop, `${image}:missing`, 3),
    });
    const fluxd = await world.fluxd(repository, { args: ['--git-poll-interval=1h'] });
    await repository.synced(first);
    const failed = await fluxd.fluxctl('sync', '--wait');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(
      new RegExp(`^failed ${shop}:deployment/web: progress deadline exceeded: ReplicaSet "web-`, 'm'),
    );
    expect(failed.stderr).toMatch(/Error: 1 of 3 objects not healthy: 1 failed\n$/);

    await repository.commit('Use an image that exists', { 'web.yaml': deployment(shop, `${image}:1.0.0`, 60) });
    const mended = await fluxd.fluxctl('sync', '--wait');
    expect(mended).toMatchObject({ code: 0, stderr: expect.stringContaining('3 of 3 objects healthy.') });
  },
);

test.runIf(thorough('fluxctl sync --wait until its time is over'))(
  'sync --wait gives up when the time is over, and names what is not ready',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': deployment(shop, `${world.registry}/${world.unique('acme/web')}:missing`, 600),
    });
    const fluxd = await world.fluxd(repository);
    await repository.synced(first);
    const { code, stdout, stderr } = await fluxd.fluxctl('sync', '--wait', '--timeout=6s');
    expect(code).toBe(1);
    // A real cluster has a pod beside it, whose trouble is told.
    expect(stdout).toMatch(new RegExp(`^in progress ${shop}:deployment/web: 0 of 1 replicas available(; pod web-.*)?$`, 'm'));
    expect(stderr).toMatch(/Error: timeout: 1 of 2 objects not healthy: 1 in progress\n$/);
  },
);
