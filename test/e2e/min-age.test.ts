import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { EVERYTHING, manifest, openShop, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const memories = async (home: string) =>
  (await world.kube.list(`api/v1/namespaces/${home}/configmaps`)).filter(({ metadata }) =>
    /^flux-[0-9a-f]{12}$/.test(metadata.name),
  );

/** A shop whose workload asks for a minimum age, and has a newer image. */
async function open(as: Parameters<World['fluxd']>[1]) {
  const shop = await openShop(world, {
    versions: ['1.0.0', '1.1.0'],
    annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1', 'fluxcd.io/min-age.web': '72h' },
    fluxd: as,
  });
  const { fluxd, workload } = shop;
  return {
    ...shop,
    policy: (...flags: string[]) => fluxd.fluxctl('policy', '-w', workload, ...flags),
    /** What keeps automation from the newest image, once that is known. */
    async reason(): Promise<string> {
      let said = '';
      await until('the wait is shown', async () => {
        const answer = await fluxd.api(`v10/images?namespace=&service=${encodeURIComponent(workload)}`);
        const [listed] = (await answer.json()) as readonly { readonly Containers: readonly { readonly NotUpdated?: string }[] }[];
        said = listed?.Containers[0]?.NotUpdated ?? '';
        return said.includes('first seen at');
      });
      return said;
    },
  };
}

const SEEN = /^tag 1\.1\.0 has not the minimum age of 72h, first seen at (\S+); automation goes on at \S+$/;

test.runIf(thorough('ages, end to end'))('an image waits for its minimum age, which a restart does not begin again', async () => {
  const home = world.namespace('flux');
  await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
  const { fluxd, image, workload, text, policy, reason } = await open({ pod: { namespace: home, name: 'flux-1' } });
  const [, first = ''] = SEEN.exec(await reason()) ?? [];
  expect(first).not.toBe('');
  await until('the time is kept', async () => (await memories(home))[0]?.data['first-seen']?.includes('1.1.0') ?? false);
  expect((await memories(home)).map(({ data }) => Object.keys(data))).toEqual([['first-seen']]);

  await fluxd.restart();
  const [, again = ''] = SEEN.exec(await reason()) ?? [];
  // Kept in whole seconds, rounded up.
  expect([0, 1000]).toContain(Date.parse(again) - Date.parse(first));
  expect(await text()).toContain(`${image}:1.0.0`);

  const released = await fluxd.fluxctl('release', '--workload', workload, `--update-image=${image}:1.1.0`, '--dry-run');
  expect(released.stdout + released.stderr).toContain('released although tag 1.1.0 has not the minimum age of 72h');
  const refused = await policy('--min-age=web=soon');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('invalid minimum age: "soon"')]);
  expect(await policy('--min-age=web=1s')).toMatchObject({ code: 0 });
  await until('an image that is old enough is in Git', async () => (await text()).includes(`${image}:1.1.0`));
  await until('it is forgotten', async () => (await memories(home))[0]?.data['first-seen'] === '{}');
});

test.runIf(thorough('ages without the right to keep them'))(
  'without the right to keep it, a restart begins the wait again, which is said, and nothing is suspended',
  async () => {
    const account = await world.account();
    const home = `api/v1/namespaces/${account.namespace}`;
    if (!(await world.kube.find(home))) await world.kube.create('api/v1/namespaces', { metadata: { name: account.namespace } });
    const but = { ...EVERYTHING, resources: ['namespaces', 'deployments', 'secrets', 'serviceaccounts', 'leases'] };
    await account.grant({ cluster: [but] });
    const { fluxd, reason } = await open({ account });
    expect(await reason()).toMatch(/; automation goes on at \S+, unless fluxd restarts, which begins the wait again$/);
    await until('the log says so', () => fluxd.log().includes('memory is kept in the process'));
    const advice = /Grant its service account get, create and patch on the ConfigMap flux-[0-9a-f]{12} /;
    expect(fluxd.log()).toMatch(advice);
    const refused = await fluxd.fluxctl('suspend', '--user=');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(advice)]);

    const own = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch'] }];
    await account.grant({ cluster: [but], namespaces: { [account.namespace]: own } });
    await until('the right is known', async () => (await fluxd.fluxctl('suspend', '--user=')).code === 0);
    await until('what the process knew is kept, too', async () => {
      const [memory] = await memories(account.namespace);
      return memory?.data['first-seen']?.includes('1.1.0') ?? false;
    });
  },
);

test('a flag that is no age stops the start', async () => {
  const repository = await world.repository();
  await repository.commit('Begin', { 'a.yaml': manifest.namespace(world.namespace('a')) });
  const fluxd = await world.fluxd(repository, { args: ['--automation-min-age=soon'], wait: false });
  await until('it ends', async () => !fluxd.running());
  expect(fluxd.log()).toContain('invalid age in --automation-min-age');
});
