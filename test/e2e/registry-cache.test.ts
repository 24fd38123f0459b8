import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
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

test.runIf(thorough('a cache on disk, end to end'))(
  'a daemon that restarts lists images without asking the registry',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flux-cache-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const { fluxd, workload } = await openShop(world, {
      versions: ['1.0.0', '1.1.0'],
      annotations: { 'fluxcd.io/tag.web': 'semver:~1' },
      fluxd: { args: ['--registry-cache=disk', `--registry-cache-dir=${directory}`, '--automation-interval=1h'] },
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
    expect(await readdir(directory)).toEqual(['registry-cache.db']);
    // What Node says of its modules is no line of a log.
    expect(fluxd.log()).not.toContain('Warning');
  },
);
