import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { openShop, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const USER = ['--user', 'Ann <ann@example.org>'];

/** A shop with an automated workload. */
async function open(as: Parameters<World['fluxd']>[1] = {}) {
  const shop = await openShop(world, {
    versions: ['1.0.0'],
    annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1' },
    fluxd: as,
  });
  const { fluxd, repository, workload } = shop;
  const listed = async () => {
    const answer = await fluxd.api(`v10/images?namespace=&service=${encodeURIComponent(workload)}`);
    type Listed = readonly {
      readonly Containers: readonly { readonly NotUpdated?: string; readonly Available?: readonly { readonly ID: string }[] }[];
    }[];
    return ((await answer.json()) as Listed)[0]?.Containers[0];
  };
  return {
    ...shop,
    messages: () => repository.git('log', '--format=%B', 'main'),
    /** Why automation leaves the image, once the tag is known. */
    async reason(tag: string): Promise<string | undefined> {
      await until(`${tag} is known`, async () => (await listed())?.Available?.some(({ ID }) => ID.endsWith(`:${tag}`)) ?? false);
      return (await listed())?.NotUpdated;
    },
  };
}

test.runIf(thorough('all automation suspended'))(
  'all automation is suspended over a restart, until it is resumed; a person may release',
  async () => {
    const home = world.namespace('flux');
    await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
    const { fluxd, name, image, workload, text, reason } = await open({ pod: { namespace: home, name: 'flux-1' } });
    const suspended = await fluxd.fluxctl('suspend', '--message=audit', ...USER);
    expect([suspended.code, suspended.stdout]).toEqual([
      0,
      expect.stringMatching(/^automation is suspended since \S+ by Ann <ann@example\.org>: audit\n$/),
    ]);
    await fluxd.restart();
    await world.push(name, '1.1.0', { version: '1.1.0' });
    await world.push(name, '1.2.0', { version: '1.2.0' });
    expect(await reason('1.2.0')).toMatch(/^automation is suspended by Ann <ann@example\.org> since \S+: "audit"$/);
    expect((await fluxd.fluxctl('status')).stdout).toContain(suspended.stdout.trim());
    await until('the log says so', () => fluxd.log().includes('automation is suspended'));

    const released = await fluxd.fluxctl('release', '--workload', workload, `--update-image=${image}:1.1.0`);
    expect(released.code).toBe(0);
    expect(released.stdout + released.stderr).toContain('released although automation is suspended by Ann');
    expect(await text()).toContain(`${image}:1.1.0`);

    expect(await fluxd.fluxctl('resume', ...USER)).toMatchObject({ code: 0, stdout: 'automation is not suspended\n' });
    await until('automation goes on', async () => (await text()).includes(`${image}:1.2.0`));
    expect((await fluxd.fluxctl('status')).stdout).not.toContain('suspended');
  },
);

test.runIf(thorough('a suspended workload'))(
  'one workload is suspended in Git; all cannot be where a restart would forget it',
  async () => {
    const { fluxd, name, image, workload, text, messages, reason } = await open();
    const refused = await fluxd.fluxctl('suspend', ...USER);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('automation is not suspended: fluxd has no place to keep this over a restart');
    expect(refused.stderr).toContain('Run fluxd in the cluster. Or suspend workloads in Git: fluxctl suspend --workload=');

    expect(await fluxd.fluxctl('suspend', '-w', workload, '-m', 'load test', ...USER)).toMatchObject({ code: 0 });
    expect(await messages()).toContain(`load test\n\n- Suspended: ${workload}\n`);
    expect(await text()).toMatch(/fluxcd\.io\/suspend: ['"]true['"]/);
    await world.push(name, '1.1.0', { version: '1.1.0' });
    expect(await reason('1.1.0')).toBe('automation of the workload is suspended in Git by Ann <ann@example.org>: "load test"');

    expect(await fluxd.fluxctl('resume', '-w', workload, ...USER)).toMatchObject({ code: 0 });
    expect(await messages()).toContain(`Resumed: ${workload}`);
    await until('automation goes on', async () => (await text()).includes(`${image}:1.1.0`));
    expect(await text()).not.toContain('suspend');
  },
);
