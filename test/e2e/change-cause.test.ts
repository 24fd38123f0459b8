import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { startWorld, until, type World } from './harness/index.ts';
import { openShop } from './harness/shop.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('the cause of a change, end to end'))(
  'a new pod template carries the subject of its commit, which is no drift, and nothing to apply after a restart',
  async () => {
    const { fluxd, repository, namespace, text } = await openShop(world, {
      versions: ['1.0.0'],
      annotations: {},
      fluxd: { args: ['--sync-change-cause'] },
    });
    const deployment = () => world.kube.find(`apis/apps/v1/namespaces/${namespace}/deployments/web`);
    const cause = async () => (await deployment())?.metadata.annotations?.['kubernetes.io/change-cause'];
    expect(await cause()).toBeUndefined();
    const changed = (await text()).replace('name: web', 'name: web # the shop');
    await repository.synced(await repository.commit('Only a comment', { 'web.yaml': changed }));
    expect(await cause()).toBeUndefined();
    const revision = await repository.commit('Wait longer', {
      'web.yaml': changed.replace(/( +)containers:/, '$1terminationGracePeriodSeconds: 7\n$1containers:'),
    });
    await repository.synced(revision);
    expect(await cause()).toBe('Wait longer');
    const version = (await deployment())?.metadata.generation;
    await fluxd.sync();
    await fluxd.restart();
    await until('it has synced again', () => fluxd.log().split('--- restarted ---')[1]?.includes('sync done') ?? false);
    expect(await cause()).toBe('Wait longer');
    expect((await deployment())?.metadata.generation).toBe(version);
    expect(await fluxd.fluxctl('diff')).toMatchObject({ code: 0 });
  },
);
