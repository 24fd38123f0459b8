import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Open for a minute, half a day from now. */
function nowClosed(): string {
  return `30 ${(new Date().getUTCHours() + 12) % 24} * * * / 1m / UTC`;
}

test.runIf(thorough('a window of syncs, end to end'))(
  'outside of the window a sync is refused, a release is pushed and waits, and an override applies it and is recorded',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    for (const tag of ['1.0.0', '1.1.0']) await world.push(name, tag, { version: tag });
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0` }),
    });
    const running = async () => JSON.stringify((await world.kube.find(`apis/apps/v1/namespaces/${shop}/deployments/web`))?.spec);
    const before = await world.fluxd(repository);
    await repository.synced(first);
    await before.stop();

    const fluxd = await world.fluxd(repository, { args: [`--sync-window=${nowClosed()}`] });
    await until('what is recorded is in sync', async () => fluxd.log().includes('sync done'));
    const refused = await fluxd.fluxctl('sync');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/no sync now: outside of --sync-window .* from 20\d\d-.*Z on/);
    expect(refused.stderr).toContain('fluxctl sync --override-window');
    const release = fluxd.fluxctl(
      'release',
      `--workload=${shop}:deployment/web`,
      `--update-image=${image}:1.1.0`,
      '--timeout=5s',
    );
    await until('the release is pushed', async () => (await repository.text('web.yaml')).includes(`${image}:1.1.0`));
    await until('it waits', async () => fluxd.log().includes('revision waits'));
    expect(await release).toMatchObject({ code: 0 });
    expect(await running()).toContain(`${image}:1.0.0`);

    const overridden = await fluxd.fluxctl('sync', '--override-window');
    expect(overridden).toMatchObject({ code: 0 });
    expect(await running()).toContain(`${image}:1.1.0`);
    await repository.pull();
    const head = repository.head();
    await repository.synced(head);
    const record = JSON.parse(await repository.git('notes', '--ref=flux-sync', 'show', head));
    expect(record.windowOverridden).toContain('outside of --sync-window');
  },
);

test('a flag that is no schedule stops the start', async () => {
  const repository = await world.repository();
  await repository.commit('Begin', { 'a.yaml': manifest.namespace(world.namespace('a')) });
  const fluxd = await world.fluxd(repository, { args: ['--sync-window=weekdays'], wait: false });
  await until('it ends', async () => !fluxd.running());
  expect(fluxd.log()).toContain('invalid schedule in --sync-window');
});
