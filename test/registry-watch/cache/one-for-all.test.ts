import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ImageTarget } from '../../../src/image/index.ts';
import { createRedisStore } from '../../../src/registry-watch/cache/redis.ts';
import type { CacheStore } from '../../../src/registry-watch/cache/store.ts';
import { thorough } from '../../support/sampled.ts';
import { until } from '../../support/until.ts';
import { FakeClock } from '../fake-clock.ts';
import { FakeRegistry } from '../fake-registry.ts';
import { type Setup, setup } from '../watch-of.ts';
import { SharedMapStore } from './map-store.ts';
import { haveRedis, startRedis } from './programs.ts';

const SECRET = 'a secret of thirty-two characters';
const made = (day: number) => `2024-01-${String(day).padStart(2, '0')}T00:00:00Z`;

const ALL = thorough('daemons that share a cache, each by itself');

let registry: FakeRegistry;
let clock: FakeClock;
let store: SharedMapStore;
let daemons: Setup[];

beforeEach(async () => {
  registry = await new FakeRegistry().listen();
  onTestFinished(() => registry.close());
  clock = new FakeClock();
  daemons = [];
  store = new SharedMapStore(() => clock.now());
  for (let day = 1; day <= 5; day += 1) registry.push(`1.0.${day}`, made(day));
});

interface Options extends Pick<Partial<ImageTarget>, 'inUse'> {
  readonly on?: CacheStore;
  /** Whether its policies order tags by time. */
  readonly byTime?: boolean;
}

function daemon({ inUse = ['1.0.5'], on = store, byTime = true }: Options = {}): Setup {
  const it = setup({ clock, cache: { store: on, secret: SECRET } });
  daemons.push(it);
  onTestFinished(() => it.close());
  it.watch.watch([{ name: registry.name, pullSecrets: [], inUse, ...(byTime ? { needsTimes: () => true } : {}) }]);
  it.watch.start();
  return it;
}

const known = ({ watch }: Setup) => watch.repository(registry.name);
const scannedAt = (it: Setup) => known(it)?.scannedAt ?? 0;

/** Lets all that is due happen, and what it brings about within a few seconds. */
async function pass(ms: number): Promise<void> {
  for (const step of [ms, ...Array.from({ length: 8 }, () => 1_100)]) {
    clock.advance(step);
    await sleep(5);
    // A scan that runs has no time of the next one.
    await until('nothing is scanned', () =>
      daemons.every(({ watch }) => watch.scans().every(({ nextAt }) => nextAt !== undefined)),
    );
    await sleep(5);
  }
}

const lists = () => registry.requests.filter((line) => line.includes('tags/list')).length;
const manifests = () => registry.requests.filter((line) => line.includes('/manifests/')).length;

test('the times of tags that another daemon has found do not wait for their turn in the budget of the host either', async () => {
  let left = 100;
  registry.intercept = (_, response) => {
    left -= 1;
    response.setHeader('ratelimit-limit', '100;w=21600');
    response.setHeader('ratelimit-remaining', `${left};w=21600`);
    return false;
  };
  const reader = daemon({ inUse: [] });
  await until('all times are known', async () => {
    left = 100;
    await pass(3_600_000);
    return known(reader)?.images.size === 5;
  });
  const lister = daemon({ inUse: [], byTime: false });
  await until('the other one knows the tags', async () => {
    await pass(0);
    return known(lister)?.tags.length === 5;
  });
  left = 49;
  await reader.watch.scanNow(registry.name);
  await pass(30_000);
  for (const day of [6, 7, 8]) registry.push(`1.0.${day}`, made(day));
  await lister.watch.scanNow(registry.name);
  // It is saved before the other one is due.
  await pass(0);
  const listed = lists();
  await pass(15_000);
  expect(lists()).toBe(listed);
  expect(known(reader)?.tags).toHaveLength(8);
  expect([...(known(reader)?.images.values() ?? [])].filter(({ createdAt }) => createdAt !== undefined)).toHaveLength(8);
});

describe('of several daemons that share a cache, one', () => {
  test('scans for all, and each learns what it found', async () => {
    const all = [daemon(), daemon(), daemon()];
    await until('all know the repository', async () => {
      await pass(0);
      return all.every((it) => known(it)?.images.size === 5);
    });
    expect(lists()).toBe(1);
    expect(manifests()).toBe(5);
    for (let minute = 0; minute < 5; minute += 1) await pass(60_000);
    expect(lists()).toBeLessThanOrEqual(9);
    // Of the tag in use, one looks whether it has moved.
    expect(manifests() - 5).toBeLessThanOrEqual(lists());

    registry.push('1.0.6', made(6));
    registry.push('1.0.5', made(7));
    for (const { news } of all) news.length = 0;
    const before = lists();
    await until('all know the new tag', async () => {
      await pass(30_000);
      return all.every((it) => known(it)?.images.get('1.0.6')?.createdAt === Date.parse(made(6)));
    });
    expect(lists() - before).toBeLessThanOrEqual(4);
    for (const it of all) {
      expect(known(it)?.images.get('1.0.5')?.createdAt).toBe(Date.parse(made(7)));
      expect(it.news).toContain(registry.name);
    }
  });

  test.runIf(ALL)('that ends in its scan does not keep the others from it', async () => {
    store.claims.set(`flux/1/claim/${registry.name}`, clock.now() + 1e9);
    const it = daemon();
    await pass(0);
    expect(known(it)).toBeUndefined();
    expect(registry.requests).toEqual([]);
    await until('it scans by itself', async () => {
      await pass(10_000);
      return scannedAt(it) > 0;
    });
  });

  test.runIf(ALL)('that is asked to scans at once', async () => {
    const [one, other] = [daemon(), daemon()];
    await until('both know the repository', async () => {
      await pass(0);
      return scannedAt(one) > 0 && scannedAt(other) > 0;
    });
    registry.push('1.0.6', made(6));
    await other.watch.scanNow(registry.name);
    expect(known(other)?.tags).toContain('1.0.6');
  });

  test.runIf(ALL)('looks after the tags that only it uses', async () => {
    const one = daemon({ inUse: ['1.0.5'] });
    const other = daemon({ inUse: ['1.0.1'] });
    await until('both know the repository', async () => {
      await pass(0);
      return scannedAt(one) > 0 && scannedAt(other) > 0;
    });
    registry.push('1.0.1', made(20));
    registry.push('1.0.5', made(21));
    await until('both know their tags', async () => {
      await pass(60_000);
      return (
        known(one)?.images.get('1.0.5')?.createdAt === Date.parse(made(21)) &&
        known(other)?.images.get('1.0.1')?.createdAt === Date.parse(made(20))
      );
    });
  });

  test.runIf(ALL)('lets the registry confirm a list that another has read', async () => {
    const sent: (string | undefined)[] = [];
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/tags/list')) return undefined;
      sent.push(request.headers['if-none-match']);
      response.setHeader('etag', '"v1"');
      return undefined;
    };
    const one = daemon();
    await until('one knows the repository', async () => {
      await pass(0);
      return scannedAt(one) > 0;
    });
    const other = daemon({ inUse: [] });
    await until('the other knows it', async () => {
      await pass(0);
      return scannedAt(other) > 0;
    });
    await one.close();
    daemons.splice(0, 1);
    await until('the other has asked', async () => {
      await pass(60_000);
      return sent.length > 1;
    });
    expect(sent.slice(0, 2)).toEqual([undefined, '"v1"']);
  });

  test.runIf(ALL)('judges by itself a list that lacks a tag which it uses', async () => {
    const [one, other] = [daemon({ inUse: [] }), daemon({ inUse: ['1.0.5'] })];
    await until('both know the repository', async () => {
      await pass(0);
      return scannedAt(one) > 0 && scannedAt(other) > 0;
    });
    registry.remove('1.0.5');
    await one.watch.scanNow(registry.name);
    expect(known(one)?.tags).not.toContain('1.0.5');
    await until('the other finds it suspect', async () => {
      await pass(61_000);
      return known(other)?.disappeared !== undefined || known(other)?.tags.includes('1.0.5') === false;
    });
    expect(lists()).toBeGreaterThan(2);
  });

  test('is not led back by entries that someone puts back (S-058)', async () => {
    const one = daemon();
    await until('the repository is known', async () => {
      await pass(0);
      return scannedAt(one) > 0;
    });
    await pass(0);
    const old = new Map(store.entries);
    registry.push('1.0.6', made(6));
    await until('the tag is known', async () => {
      await pass(60_000);
      return known(one)?.tags.includes('1.0.6') === true;
    });
    for (let minute = 0; minute < 3; minute += 1) {
      for (const [key, value] of old) store.entries.set(key, value);
      await pass(60_000);
      expect(known(one)?.tags).toContain('1.0.6');
    }
    for (const [key, value] of old) store.entries.set(key, value);
    const restarted = daemon();
    await until('the restarted one has scanned', async () => {
      for (const [key, value] of old) store.entries.set(key, value);
      await pass(1_000);
      return scannedAt(restarted) > 0;
    });
    expect(known(restarted)?.tags).toContain('1.0.6');
  });

  test.runIf(ALL)('whose store fails scans by itself', async () => {
    store.fault = () => Promise.reject(new Error('gone'));
    const all = [daemon(), daemon()];
    await until('both have given up the store', () => {
      clock.advance(500);
      return all.every((it) => scannedAt(it) > 0);
    });
    await until('both know the repository', async () => {
      await pass(0);
      return all.every((it) => known(it)?.images.size === 5);
    });
    expect(lists()).toBe(2);
  });

  // Its time is that of the machine, which the test's clock overtakes: now and then both scan.
  test.runIf(ALL && haveRedis())('does so by a real Redis, also when that restarts', async () => {
    const server = await startRedis();
    const redis = () => createRedisStore({ url: `redis://127.0.0.1:${server.port}` });
    const all = [daemon({ on: redis() }), daemon({ on: redis() })];
    await until('both know the repository', async () => {
      await pass(0);
      return all.every((it) => known(it)?.images.size === 5);
    });
    await server.kill();
    registry.push('1.0.6', made(6));
    await until('both know the tag', async () => {
      await pass(60_000);
      return all.every((it) => known(it)?.tags.includes('1.0.6') === true);
    });
    await server.start();
    await until('it is shared again', async () => {
      const before = lists();
      await pass(360_000);
      return lists() - before === 1 && all.every((it) => scannedAt(it) > clock.now() - 360_000);
    });
  });
});
