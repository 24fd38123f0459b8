import { afterAll, beforeAll, expect, test } from 'vitest';
import { manifest, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('every line of the JSON log is one object that gives no name twice, which some stores of logs refuse', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${world.registry}/web:1`, replicas: 0 }),
    'broken.yaml': 'a: [',
  });
  const fluxd = await world.fluxd(repository, { args: ['--log-format=json'] });
  await repository.synced(first);
  expect((await fluxd.fluxctl('automate', '--workload', `${shop}:deployment/web`)).code).toBe(0);
  await repository.synced(repository.head());

  const lines = fluxd.log().trimEnd().split('\n');
  const components = new Set<unknown>();
  for (const line of lines) {
    const parsed: Record<string, unknown> = JSON.parse(line);
    components.add(parsed.component);
    // Written anew it is the same, unless a name was given twice.
    expect(JSON.stringify(parsed)).toBe(line);
  }
  expect([...components]).toEqual(expect.arrayContaining(['sync', 'job', 'git', 'api']));
});
