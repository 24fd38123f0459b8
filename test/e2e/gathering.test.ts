import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const NAMES = Array.from({ length: 10 }, (_, n) => `app-${n}`);

test.runIf(thorough('ten images gathered, end to end'))(
  'ten images that are pushed one after the other make one commit',
  async () => {
    const shop = world.namespace('shop');
    const names = new Map(NAMES.map((name) => [name, world.unique(`acme/${name}`)]));
    const image = (name: string, tag: string) => `${world.registry}/${names.get(name)}:${tag}`;
    const push = (name: string, tag: string) => world.push(names.get(name) ?? '', tag, { version: tag });
    for (const name of NAMES) await push(name, '1.0.0');
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      ...Object.fromEntries(
        NAMES.map((name) => [
          `${name}.yaml`,
          manifest.deployment({
            namespace: shop,
            name,
            image: image(name, '1.0.0'),
            annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*' },
          }),
        ]),
      ),
    });
    const fluxd = await world.fluxd(repository, { args: ['--automation-gather=15s'] });
    await repository.synced(first);
    for (const name of NAMES) {
      await push(name, '1.1.0');
      await until(`the update of ${name} is found`, async () =>
        fluxd
          .log()
          .split('\n')
          .some((line) => line.includes('update waits') && line.includes(`deployment/${name} `)),
      );
    }
    const text = (name: string) => repository.text(`${name}.yaml`);
    await until('the first is committed', async () => (await text('app-0')).includes(image('app-0', '1.1.0')));
    for (const name of NAMES) expect(await text(name)).toContain(image(name, '1.1.0'));
    expect((await repository.git('rev-list', '--count', `${first}..main`)).trim()).toBe('1');
  },
);
