import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { openShop, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('a rollback, end to end'))(
  'a rollback puts the image before back, which automation leaves until a newer one comes',
  async () => {
    const { fluxd, repository, namespace, workload, name, first, text, ...shop } = await openShop(world, {
      versions: ['1.2.0'],
      annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1' },
      fluxd: { args: ['--automation-interval=1s', `--automation-revert-deadline=${world.runsPods ? 20 : 2}s`] },
    });
    const image = (tag: string) => `${shop.image}:${tag}`;
    const rollback = (...flags: string[]) => fluxd.fluxctl('rollback', '-w', workload, ...flags);
    await until('1.2.0 is recorded as healthy', async () =>
      (await repository.git('notes', '--ref=flux-sync', 'show', first)).includes('"healthy"'),
    );

    const early = await rollback();
    expect(early.code).toBe(1);
    expect(early.stderr).toContain('--to is required: no sync record says that');
    await world.push(name, '1.3.0', { version: '1.3.0' });
    await until('1.3.0 is in Git', async () => (await text()).includes(image('1.3.0')));
    const bad = repository.head();
    await repository.synced(bad);
    const plan = await rollback('--dry-run');
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining(`web: ${image('1.3.0')} -> 1.2.0`) });
    expect(repository.head()).toBe(bad);

    const { code, stderr } = await rollback('-m', 'loses orders', '--user', 'Ann <ann@example.org>');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('Commit applied:') });
    const [made = '', ...others] = await repository.commitsSince(bad);
    expect(others).toEqual([]);
    const message = await repository.git('log', '-1', '--format=%B', made);
    expect(message).toContain(`loses orders\n\n- Rollback ${workload} to ${image('1.2.0')}\n- Ban 1.3.0 of web in ${workload}\n`);
    expect(await repository.git('diff', '--numstat', bad, made)).toBe('2\t1\tweb.yaml\n');
    expect(JSON.parse(await repository.git('notes', '--ref=flux', 'show', made))).toMatchObject({
      spec: {
        type: 'containers',
        cause: { Message: 'loses orders' },
        spec: { Rollback: true, Bans: { [workload]: { web: '1.3.0' } } },
      },
      result: { [workload]: { Status: 'success', PerContainer: [{ Target: image('1.2.0') }] } },
    });
    expect((await world.kube.get(path.deployment(namespace, 'web'))).spec.template.spec.containers[0].image).toBe(image('1.2.0'));

    await world.push(name, '1.4.0', { version: '1.4.0' });
    await until('1.4.0 is in Git', async () => (await text()).includes(image('1.4.0')));
    expect(await text()).toContain('fluxcd.io/ban.web: 1.3.0');
    const [, next = '', ...more] = await repository.commitsSince(bad);
    expect([more, await repository.git('log', '-1', '--format=%s', next)]).toEqual([[], `Auto-release ${image('1.4.0')}\n`]);
  },
);
