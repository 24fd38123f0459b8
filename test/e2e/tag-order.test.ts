import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('an order of tags, end to end'))(
  'automation follows a number in the tag, whatever the time of the build',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    // Built last, pushed last, and the older one.
    await world.push(name, 'main-c0ffee-11', { version: '11', created: '2026-01-01T00:00:00Z' });
    await world.push(name, 'main-abc123-9', { version: '9', created: '2026-06-01T00:00:00Z' });
    const repository = await world.repository();
    await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:main-abc123-9` }),
    });
    const fluxd = await world.fluxd(repository);
    const workload = `${shop}:deployment/web`;
    const refused = await fluxd.fluxctl('policy', '-w', workload, '--order', 'web=numeric:(');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('invalid order: "numeric:("');
    const set = await fluxd.fluxctl(
      'policy',
      '-w',
      workload,
      '--tag=web=glob:main-*',
      '--order=web=numeric:-(\\d+)$',
      '--automate',
    );
    expect(set).toMatchObject({ code: 0 });
    const text = () => repository.text('web.yaml');
    expect(await text()).toContain('fluxcd.io/order.web: numeric:-(\\d+)$');
    await until('the higher number is in Git', async () => (await text()).includes(`${image}:main-c0ffee-11`));
    await world.push(name, 'main-0000aa-100', { version: '100', created: '2025-01-01T00:00:00Z' });
    await until('the next one follows', async () => (await text()).includes(`${image}:main-0000aa-100`));
    const removed = await fluxd.fluxctl('policy', '-w', workload, '--order=web=', '--deautomate');
    expect(removed).toMatchObject({ code: 0 });
    expect(await text()).not.toContain('fluxcd.io/order');
  },
);
