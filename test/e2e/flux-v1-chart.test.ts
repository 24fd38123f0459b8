import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHART_ARGUMENTS } from '../support/flux-v1-chart.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('the arguments of the Flux v1 chart start a daemon that answers its probe and works', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  await repository.commit('Open the shop', {
    'shop.yaml': manifest.namespace(shop),
    'greeting.yaml': manifest.configMap(shop, 'greeting', { text: 'hello' }),
  });
  const ours = ['--git-url=', '--git-branch='];
  const args = CHART_ARGUMENTS.filter((argument) => !ours.some((start) => argument.startsWith(start)));
  const fluxd = await world.fluxd(repository, { args });

  expect((await fluxd.api('v6/identity.pub')).status).toBe(200);
  await until('the shop is open', async () => (await world.kube.find(path.configMap(shop, 'greeting'))) !== undefined);
  await until('ready', async () => (await fetch(fluxd.url.replace('/api/flux', '/readyz'))).ok);
  expect(fluxd.log()).toContain('flag --ssh-keygen-dir has no effect');
});
