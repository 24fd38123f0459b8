/**
 * `node image-watch-program.ts WORK DIRECTORY HOST REPOSITORIES TAGS`: an image watch with a cache on disk, alone in its process. WORK is `fill`
 * (writes a cache of so many names), `start` (knows them again) or `scan` (lists `wide/0` … at the host, and stays). Prints what it measured.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger, systemClock } from '../src/base/index.ts';
import { ImageCache } from '../src/registry-watch/cache/image-cache.ts';
import { createDiskStore } from '../src/registry-watch/index.ts';
import { startImageWatch } from './image-watch.ts';

const [, , work = '', directory = '', host = '', repositories = '', tags = ''] = process.argv;
const log = silentLogger();
const store = createDiskStore({ directory, clock: systemClock, log });
const nameOf = (n: number) => `${host}/wide/${n}`;
const names = Array.from({ length: Number(repositories) }, (_, n) => nameOf(n));

/** As a build server names them: the commit, and when it was built. */
function tagsOf(n: number): readonly string[] {
  const commit = (tag: number) => ((tag * 2_654_435_761 + n) >>> 4).toString(16).padStart(7, '0').slice(0, 7);
  return Array.from({ length: Number(tags) }, (_, tag) => `main-${commit(tag)}-${1_700_000_000 + tag}`);
}

async function fill(): Promise<void> {
  const cache = new ImageCache({ store, secret: '', clock: systemClock, log, fromLabels: () => false });
  const filled = names.map((name, n) => {
    const state = cache.createState();
    state.replaceTags(tagsOf(n), systemClock.now());
    return { name, state, nextAt: systemClock.monotonic() + 3_600_000 };
  });
  // Nothing is written over what was not read.
  await cache.restore(filled);
  for (const each of filled) cache.save(each);
  // It writes in the background; when it stops, only for a few seconds.
  const file = join(directory, 'registry-cache.db');
  const size = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  for (let before = -1; before !== size() || before === 0; await sleep(3_000)) before = size();
  await cache.close([]);
}

const say = (measured: Readonly<Record<string, number>>) => process.stdout.write(`${JSON.stringify(measured)}\n`);
const mib = () => process.memoryUsage.rss() / 2 ** 20;

if (work === 'fill') {
  await fill();
  say({});
} else {
  const { watch: images, close } = startImageWatch({ cache: { store, secret: '' } });
  const startedAt = performance.now();
  images.watch(names.map((name) => ({ name, pullSecrets: [] })));
  if (work === 'start') {
    for (let next = 0; next < names.length && performance.now() - startedAt < 60_000; ) {
      if (images.repository(names[next] ?? '') === undefined) await sleep(5);
      else next += 1;
    }
    say({ ms: performance.now() - startedAt, mib: mib() });
    await close();
  } else {
    await images.scanNow();
    // The cache is written, and the daemon collects its garbage when it is idle.
    await sleep(5_000);
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    const peak = process.resourceUsage().maxRSS / 1024;
    const known = names.reduce((sum, name) => sum + (images.repository(name)?.tags.length ?? 0), 0);
    say({ mib: mib(), peak, known });
    await close();
  }
  process.exit();
}
