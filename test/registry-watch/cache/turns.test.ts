import { expect, test } from 'vitest';
import { silentLogger, yieldTurn } from '../../../src/base/index.ts';
import { ImageCache } from '../../../src/registry-watch/cache/image-cache.ts';
import { countTurns } from '../../support/turns.ts';
import { FakeClock } from '../fake-clock.ts';
import { setup } from '../watch-of.ts';
import { MapStore } from './map-store.ts';
import { SECRET } from './restarts.ts';

const TAGS = 10_000;
const NAMES = ['registry.example.org/acme/one', 'registry.example.org/acme/two'];
const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`;

function cacheOn(store: MapStore) {
  return new ImageCache({ store, secret: SECRET, clock: new FakeClock(), log: silentLogger(), fromLabels: () => false });
}

/** Repositories, each with so many tags of which everything is known; how many turns it took to write them. */
async function remember(store: MapStore, names: readonly string[], tags = TAGS): Promise<number> {
  const clock = new FakeClock();
  const [now, dueAt] = [clock.now(), clock.monotonic() + 60_000];
  const cache = cacheOn(store);
  const filled = names.map((name) => ({ name, state: cache.createState(), nextAt: dueAt }));
  await cache.restore(filled);
  for (const { state } of filled) {
    const list = Array.from({ length: tags }, (_, n) => `1.0.${n}`);
    state.replaceTags(list, now);
    for (const [n, tag] of list.entries()) {
      state.schedule(tag, { served: digest(n), intervalMs: 3_600_000, dueAt, failures: 0 });
      state.learn({ tag, digest: digest(n), createdAt: n, labels: {}, fetchedAt: now });
    }
  }
  const counter = countTurns();
  await cache.close(filled);
  counter.stop();
  return counter.turns;
}

test('a large repository is written, and restored, in many turns of the event loop', async () => {
  const store = new MapStore();
  expect(await remember(store, NAMES.slice(0, 1))).toBeGreaterThan(5);
  const cache = cacheOn(store);
  const state = cache.createState();
  const counter = countTurns();
  await cache.restore([{ name: NAMES[0] ?? '', state }]);
  counter.stop();
  expect(state.images.size).toBe(TAGS);
  // What is known of at most a few hundred tags is decoded in one.
  expect(counter.turns).toBeGreaterThan(TAGS / 200);
});

test('who sees a restored repository at any turn sees all of it: when it is due as well', async () => {
  const store = new MapStore();
  await remember(store, NAMES, 300);
  const it = setup({ cache: { store, secret: SECRET } });
  it.watch.watch(NAMES.map((name) => ({ name, pullSecrets: [] })));
  it.watch.start();
  const seen = new Set<string>();
  while (seen.size < NAMES.length) {
    for (const { name, scannedAt, nextAt, tags } of it.watch.scans()) {
      if (scannedAt === undefined) continue;
      expect({ name, tags, nextAt }).toEqual({ name, tags: 300, nextAt: expect.any(Number) });
      expect(it.watch.repository(name)?.images.size).toBe(300);
      expect(it.news).toContain(name);
      seen.add(name);
    }
    await yieldTurn();
  }
  await it.close();
});
