import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('another history, end to end'))(
  'another history in place of the branch is applied, and deletes nothing without approval, over a restart too',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      ...Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.yaml`, manifest.configMap(shop, name)])),
    });
    const fluxd = await world.fluxd(repository, { args: ['--sync-garbage-collection'] });
    await repository.synced(first);
    const isThere = async (name: string) => (await world.kube.find(path.configMap(shop, name))) !== undefined;

    await repository.inClone('checkout', '--quiet', '--orphan', 'other');
    await repository.inClone('rm', '--quiet', '-f', 'c.yaml');
    await repository.inClone('commit', '--quiet', '-m', 'Another repository');
    await repository.inClone('push', '--quiet', '--force', 'origin', 'other:main');
    const other = repository.head();
    await repository.synced(other);
    const held = await fluxd.fluxctl('status');
    expect(held.stdout).toContain('1 deletion held');
    // A sync that follows says that it already waits.
    expect(fluxd.log()).toContain('1 deletion held: the branch has another history than before');
    expect(fluxd.log()).toContain(
      `branch \\"main\\" went from ${first.slice(0, 7)} to ${other.slice(0, 7)}: another history took its place`,
    );
    await fluxd.restart();
    await until('it has synced again', async () => fluxd.log().split('--- restarted ---')[1]?.includes('sync done') ?? false);
    expect(await isThere('c')).toBe(true);
    const list = await fluxd.fluxctl('gc');
    const [, hash = ''] = /gc approve ([0-9a-f]+)/.exec(list.stdout) ?? [];
    expect(await fluxd.fluxctl('gc', 'approve', hash)).toMatchObject({ code: 0 });
    await until('what was approved is deleted', async () => !(await isThere('c')));
    expect([await isThere('a'), await isThere('b')]).toEqual([true, true]);

    // Without the branch, what was applied last stays.
    await repository.git('update-ref', '-d', 'refs/heads/main');
    await until('it is said', () => fluxd.log().includes("configured branch 'main' does not exist"));
    const config = await (
      await fluxd.api('v9/git-repo-config', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: 'false',
      })
    ).text();
    expect(config).toContain("configured branch 'main' does not exist");
    expect([await isThere('a'), await isThere('b')]).toEqual([true, true]);
  },
);
