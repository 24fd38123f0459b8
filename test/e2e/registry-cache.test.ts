import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { haveMemcached, haveRedis, startMemcached, startRedis } from '../registry-watch/cache/programs.ts';
import { thorough } from '../support/sampled.ts';
import { type Fluxd, openShop, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Requests to registries since the daemon started. */
async function requests(fluxd: Fluxd): Promise<number> {
  const text = await (await fetch(new URL('/metrics', fluxd.url))).text();
  const counts = [...text.matchAll(/^flux_registry_requests_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Flags for a cache that outlasts the daemon. */
const CACHES: readonly (readonly [string, () => Promise<readonly string[]>])[] = [
  [
    'disk',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'flux-cache-'));
      onTestFinished(() => rm(directory, { recursive: true }));
      return ['--registry-cache=disk', `--registry-cache-dir=${directory}`];
    },
  ],
  ...(haveRedis()
    ? [['Redis', async () => [`--registry-cache=redis://127.0.0.1:${(await startRedis()).port}`, ...(await sealed())]] as const]
    : []),
  ...(haveMemcached()
    ? [
        [
          'memcached',
          async () => {
            const { port } = await startMemcached();
            const at = ['--memcached-hostname=127.0.0.1', '--memcached-service=', `--memcached-port=${port}`];
            return ['--registry-cache=memcached', ...at, ...(await sealed())];
          },
        ] as const,
      ]
    : []),
];

async function sealed(): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'flux-key-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'key');
  await writeFile(file, 'k'.repeat(64));
  return [`--registry-cache-key-file=${file}`];
}

const isThorough = thorough('caches, end to end');

test.runIf(isThorough).each(CACHES)('a daemon with a cache in %s that restarts asks the registry nothing', async (_, flags) => {
  const { fluxd, workload } = await openShop(world, {
    versions: ['1.0.0', '1.1.0'],
    annotations: { 'fluxcd.io/tag.web': 'semver:~1' },
    fluxd: { args: [...(await flags()), '--automation-interval=1h'] },
  });
  const listed = async () => (await fluxd.fluxctl('list-images', '--workload', workload)).stdout;
  const dates = async () => (await listed()).match(/\d\d \w{3} \d\d \d\d:\d\d UTC/g)?.length;
  await until('all is read', async () => (await dates()) === 2);
  const before = await listed();
  expect(await requests(fluxd)).toBeGreaterThan(0);

  await fluxd.stop();
  await fluxd.restart();
  await until('the images are known', async () => (await listed()) === before);
  expect(await requests(fluxd)).toBe(0);
  // What Node says of its modules is no line of a log.
  expect(fluxd.log()).not.toContain('Warning');
  expect(fluxd.log()).not.toContain('level=warn component=registry');
});
