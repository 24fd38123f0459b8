import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { manifest, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('the JSON log, end to end'))(
  'every line of the JSON log is one object that gives no name twice, which some stores of logs refuse',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${world.registry}/web:1`, replicas: 0 }),
      'broken.yaml': 'a: [',
    });
    const fluxd = await world.fluxd(repository, { args: ['--log-format=json'] });
    await repository.synced(first);
    expect((await fluxd.fluxctl('automate', '--workload', `${shop}:deployment/web`)).code).toBe(0);
    await repository.synced(repository.head());

    const lines = fluxd.log().trimEnd().split('\n');
    const components = new Set<unknown>();
    for (const line of lines) {
      const parsed: Record<string, unknown> = JSON.parse(line);
      components.add(parsed.component);
      // Written anew it is the same, unless a name was given twice.
      expect(JSON.stringify(parsed)).toBe(line);
    }
    expect([...components]).toEqual(expect.arrayContaining(['sync', 'job', 'git', 'api']));
  },
);

test.runIf(thorough('200 broken files, end to end'))(
  'S-082: 200 broken files are at most 100 lines in a second, each is counted, and the sum of the sync is there',
  async () => {
    const repository = await world.repository();
    const broken = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`broken-${n}.yaml`, 'a: [']));
    const head = await repository.commit('Break everything', broken);
    const fluxd = await world.fluxd(repository, { args: ['--log-format=json'] });
    await repository.synced(head);
    const lines = () =>
      fluxd
        .log()
        .trimEnd()
        .split('\n')
        .map((line): { readonly time: string; readonly msg: string; readonly leftOut?: number } => JSON.parse(line));
    const refused = () => lines().filter(({ msg }) => msg === 'manifest refused');
    await until('what was left out is told', () => refused().some(({ leftOut }) => leftOut !== undefined));
    expect(refused().reduce((sum, { leftOut = 1 }) => sum + leftOut, 0)).toBe(200);
    expect(lines().some(({ msg }) => msg === 'sync done')).toBe(true);
    const times = lines().map(({ time }) => Date.parse(time));
    for (const time of times)
      expect(times.filter((other) => other >= time && other < time + 1000).length).toBeLessThanOrEqual(100);
  },
);
