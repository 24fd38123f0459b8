import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Open in this hour and the next. */
function nowOpen(): string {
  return `0 ${new Date().getUTCHours()} * * * / 2h / UTC`;
}

/** Open for a minute, half a day from now. */
function nowClosed(): string {
  return `30 ${(new Date().getUTCHours() + 12) % 24} * * * / 1m / UTC`;
}

test.runIf(thorough('windows and freezes, end to end'))(
  'automation waits outside of its window and in a freeze, a person does not, and the log says until when',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    for (const tag of ['1.0.0', '1.1.0']) await world.push(name, tag, { version: tag });
    const web = (annotations: Readonly<Record<string, string>>) => ({
      'web.yaml': manifest.deployment({
        namespace: shop,
        name: 'web',
        image: `${image}:1.0.0`,
        annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*', ...annotations },
      }),
    });
    const repository = await world.repository();
    await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      ...web({ 'fluxcd.io/window': nowClosed() }),
    });
    const fluxd = await world.fluxd(repository, { args: ['--automation-window=0 0 * * * / 24h / UTC'] });
    const text = () => repository.text('web.yaml');
    await until('it waits', async () => fluxd.log().includes('outside of its window'));
    expect(fluxd.log()).toMatch(/update waits.*automation goes on at 20\d\d-/);
    expect(await text()).toContain(`${image}:1.0.0`);

    await repository.commit('Freeze', web({ 'fluxcd.io/window': nowOpen(), 'fluxcd.io/freeze': nowOpen() }));
    await until('it is frozen', async () => fluxd.log().includes('in a freeze'));
    await repository.commit('Mistype', web({ 'fluxcd.io/window': 'weekdays' }));
    await until('a text that is no schedule holds', async () => fluxd.log().includes('invalid window'));
    expect(await text()).toContain(`${image}:1.0.0`);

    await repository.synced(await repository.commit('Wait again', web({ 'fluxcd.io/window': nowClosed() })));
    const workload = `${shop}:deployment/web`;
    const planned = await fluxd.fluxctl('release', '--workload', workload, '--update-all-images', '--dry-run', '-o', 'json');
    expect(planned.stdout).toContain('released outside of its window');
    expect(await text()).toContain(`${image}:1.0.0`);
    const released = await fluxd.fluxctl('release', '--workload', workload, `--update-image=${image}:1.1.0`);
    expect(released).toMatchObject({ code: 0 });
    expect(released.stdout + released.stderr).toContain('released outside of its window');
    expect(await text()).toContain(`${image}:1.1.0`);

    await world.push(name, '1.2.0', { version: '1.2.0' });
    await repository.pull();
    await repository.commit('Open', web({ 'fluxcd.io/window': nowOpen() }));
    await until('an open window lets automation commit', async () => (await text()).includes(`${image}:1.2.0`));
  },
);

test('a flag that is no schedule stops the start', async () => {
  const repository = await world.repository();
  await repository.commit('Begin', { 'a.yaml': manifest.namespace(world.namespace('a')) });
  const fluxd = await world.fluxd(repository, { args: ['--automation-freeze=weekends'], wait: false });
  await until('it ends', async () => !fluxd.running());
  expect(fluxd.log()).toContain('invalid schedule in --automation-freeze');
});
