import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { createHttpTransport, silentLogger, systemClock } from '../../src/base/index.ts';
import { parseTagPattern } from '../../src/policy/index.ts';
import { createDiskStore, createImageWatch } from '../../src/registry-watch/index.ts';
import { decideNewest } from '../../src/update/decide.ts';
import { ROOT } from '../../test/e2e/harness/process.ts';
import { processorMs } from '../../test/support/processor.ts';
import { atMost, type Case } from '../case.ts';
import { median } from '../measure.ts';
import { type Registry, startRegistry } from '../registry.ts';

const LARGE = 100_000;
const WIDE = 100;
const IMAGES = 1000;
const CACHED = { repositories: 5000, tags: 400 };
const RUNS = 5;

/** Flags of the daemon (bin/fluxd.ts). */
const NODE_FLAGS = [
  ...['--disallow-code-generation-from-strings', '--disable-proto=delete', '--max-semi-space-size=4', '--v8-pool-size=1'],
  ...['--expose-gc', '--heap-growing-percent=50'],
];

const Measured = z.record(z.string(), z.number());

function measure(work: string, directory: string, ...sizes: readonly (string | number)[]): Readonly<Record<string, number>> {
  const args = [...NODE_FLAGS, join(ROOT, 'bench/image-watch-program.ts'), work, directory, ...sizes.map(String)];
  return Measured.parse(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })));
}

function watchOf(directory: string) {
  const http = createHttpTransport();
  const [clock, log] = [systemClock, silentLogger()];
  const watch = createImageWatch({
    ...{ http, clock, log, rps: 1e9, burst: 10, automationIntervalMs: 60_000, insecureHosts: ['127.0.0.1'] },
    readFile: () => Promise.reject(new Error('no file')),
    readCore: async () => undefined,
    onNewTags: () => undefined,
    cache: { store: createDiskStore({ directory, clock, log }), secret: '' },
  });
  const close = async () => {
    await watch.stop();
    http.close();
  };
  return { watch, close };
}

/** Requests for manifests of a second scan, and of one after a restart, of tags that are ordered by time. */
async function byTime(registry: Registry, images: number, directory: string) {
  const name = `${registry.host}/builds`;
  const { matches } = parseTagPattern('glob:main-*');
  const known = async ({ watch }: ReturnType<typeof watchOf>) => {
    watch.watch([{ name, pullSecrets: [], needsTimes: matches }]);
    while ((watch.repository(name)?.images.size ?? 0) < images) {
      if (watch.repository(name)?.scannedAt === undefined) await watch.scanNow();
      else await sleep(10);
      if ((watch.repository(name)?.images.size ?? 0) < images) await watch.scanNow();
    }
  };
  const manifests = async () => {
    const counts = await registry.counts();
    return (counts['GET manifests'] ?? 0) + (counts['HEAD manifests'] ?? 0);
  };
  const first = watchOf(directory);
  await known(first);
  const cold = await manifests();
  await first.watch.scanNow();
  const warm = await manifests();
  await first.close();
  const second = watchOf(directory);
  await known(second);
  await second.watch.scanNow();
  const restarted = await manifests();
  await second.close();
  return { cold, warm, restarted };
}

/** The decision about one container over a large list that is known. */
async function wantedTag(registry: Registry, directory: string): Promise<number> {
  const name = `${registry.host}/large`;
  const { watch, close } = watchOf(directory);
  watch.watch([{ name, pullSecrets: [] }]);
  await watch.scanNow();
  const decide = () =>
    decideNewest({
      container: { name: 'app', image: `${name}:1.0.0` },
      inGit: new Map([['tag.app', 'semver:~1']]),
      images: watch,
    });
  if (decide().state !== 'update') throw new Error('nothing was chosen');
  const times = Array.from({ length: RUNS }, () => processorMs(decide));
  await close();
  return median(times);
}

/** What is remembered of image repositories, in memory and on disk. */
export const registryCache: Case = {
  name: 'registry-cache',
  title: 'Image metadata in memory, and on disk over restarts',
  async run(lab) {
    await lab.close();
    const [large, wide, images, repositories] = [
      lab.scaled(LARGE),
      lab.scaled(WIDE),
      lab.scaled(IMAGES),
      lab.scaled(CACHED.repositories),
    ];
    const root = mkdtempSync(join(tmpdir(), 'flux-bench-cache-'));
    const registry = await startRegistry([large, 1, images, wide]);
    try {
      const scanned = measure('scan', join(root, 'scan'), registry.host, wide, 0);
      const cached = join(root, 'cached');
      measure('fill', cached, registry.host, repositories, CACHED.tags);
      const mib = statSync(join(cached, 'registry-cache.db')).size / 2 ** 20;
      const starts = Array.from({ length: 3 }, () => measure('start', cached, registry.host, repositories, CACHED.tags));
      const startMs = median(starts.map(({ ms = Number.NaN }) => ms));
      const manifests = await byTime(registry, images, join(root, 'times'));
      const wanted = await wantedTag(registry, join(root, 'large'));
      return {
        tables: [
          {
            header: ['', 'on disk MiB', 'start ms', 'RSS MiB', 'peak MiB'],
            rows: [
              [
                `${scanned.known} tags in ${wide} repositories, scanned`,
                ...['', '', (scanned.mib ?? 0).toFixed(0), (scanned.peak ?? 0).toFixed(0)],
              ],
              [
                `${repositories * CACHED.tags} tags in ${repositories} repositories, restored`,
                ...[mib.toFixed(1), startMs.toFixed(0), median(starts.map((each) => each.mib ?? 0)).toFixed(0), ''],
              ],
            ],
          },
          {
            header: [`${images} tags by time`, 'cold', 'again', 'after a restart'],
            rows: [['requests for manifests', ...[manifests.cold, manifests.warm, manifests.restarted].map(String)]],
          },
        ],
        notes: [
          'RSS: of a process with the image watch, its cache on disk and the flags of fluxd. Start: from the targets to the last repository known, without a request.',
        ],
        bounds: [
          atMost(`${scanned.known} tags with the disk cache, peak RSS`, scanned.peak ?? Number.NaN, 300, { unit: 'MiB' }),
          atMost(`${repositories * CACHED.tags} tags on disk, names only`, mib, 80, { unit: 'MiB', digits: 1 }),
          atMost('a start with them', startMs, 2000, { unit: 'ms' }),
          atMost(`manifests of ${images} tags by time, warm and restarted`, manifests.warm + manifests.restarted, 0, {
            unit: '',
          }),
          atMost(`the wanted tag of ${large}, warm`, wanted, 5, { unit: 'ms CPU', digits: 2 }),
        ],
      };
    } finally {
      registry.stop();
      rmSync(root, { recursive: true, force: true });
    }
  },
};
