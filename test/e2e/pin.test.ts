import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('pins, end to end'))(
  'an image is pinned, follows its tag when that is pushed again, and moves on',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    const first = await world.push(name, '1.0.0', { version: '1' });
    const repository = await world.repository();
    const annotations = { 'fluxcd.io/tag.web': 'semver:~1' };
    await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0`, annotations }),
    });
    const fluxd = await world.fluxd(repository);
    const workload = `${shop}:deployment/web`;
    await repository.synced(repository.head());
    const text = () => repository.text('web.yaml');
    const says = (reference: string) =>
      until(`${reference} is in Git`, async () => (await text()).includes(`image: ${reference} #`));

    const refused = await fluxd.fluxctl('policy', '-w', workload, '--pin=nobody');
    expect(refused).toMatchObject({ code: 1 });
    expect(await fluxd.fluxctl('release', '--workload', workload, '--update-all-images', '--pin-digest')).toMatchObject({
      code: 0,
    });
    await says(`${image}:1.0.0@${first}`);

    expect(await fluxd.fluxctl('policy', '-w', workload, '--pin=web', '--automate')).toMatchObject({ code: 0 });
    expect(await text()).toContain("fluxcd.io/pin.web: 'true'");
    const again = await world.push(name, '1.0.0', { version: '1b' });
    await says(`${image}:1.0.0@${again}`);
    const next = await world.push(name, '1.1.0', { version: '2' });
    await says(`${image}:1.1.0@${next}`);
    const commits = await repository.git('log', '--format=%s', 'main');
    expect(commits.split('\n').filter((subject) => subject.startsWith('Auto-release'))).toHaveLength(2);
    const listed = await fluxd.fluxctl('list-images', '-w', workload);
    expect(listed.stdout).toContain('1.1.0');
  },
);
