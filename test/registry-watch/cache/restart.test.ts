import { beforeEach, describe, expect, test } from 'vitest';
import { sampled } from '../../support/sampled.ts';
import { createTestLog } from '../../support/test-log.ts';
import { until } from '../../support/until.ts';
import { DeadlineClock, FakeClock } from '../fake-clock.ts';
import { type FakeRegistry, json } from '../fake-registry.ts';
import type { Setup } from '../watch-of.ts';
import type { MapStore } from './map-store.ts';
import { made, passUntil, passWhile, type RestartOptions, Restarts, SECRET } from './restarts.ts';

let of: Restarts;
let registry: FakeRegistry;
let store: MapStore;

beforeEach(async () => {
  of = await Restarts.begin();
  ({ registry, store } = of);
});

const start = (options: RestartOptions = {}) => of.start(options);
const firstRun = (options: RestartOptions = {}) => of.firstRun(options);
const known = (it: Setup) => of.known(it);
const scanned = (it: Setup) => of.scanned(it);
const tagsOf = (it: Setup) => known(it)?.tags;

describe('a restart', () => {
  test('asks nothing while the list is in time, and knows all that was known', async () => {
    const before = await firstRun({ inUse: ['1.0.9'] });
    const it = start({ afterMs: 30_000, inUse: ['1.0.9'] });
    await scanned(it);
    expect(known(it)).toEqual({ ...before, nextAt: expect.any(Number) });
    expect(it.news).toEqual([registry.name]);
    expect(it.watch.scans()).toMatchObject([{ tags: 9, nextAt: expect.any(Number) }]);
    await it.close();
    expect(registry.requests).toEqual([]);
  });

  test('lists the tags when they are due, and requests no manifest', async () => {
    await firstRun();
    const it = start({ afterMs: 30_000 });
    await scanned(it);
    it.clock.advance(40_000);
    await until('the tags are listed', () => registry.requests.length > 0);
    await it.close();
    expect(registry.requests).toEqual(['GET /v2/team/web/tags/list?n=1000']);
  });

  test('does not use a list that is not in time before it has read it again', async () => {
    const before = await firstRun();
    registry.push('1.1.0', made(20));
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    registry.intercept = (_, response) => {
      void held.then(() => json(response, 200, { name: 'team/web', tags: [...(before?.tags ?? []), '1.1.0'] }));
      return true;
    };
    const it = start({ afterMs: 90_000, needsTimes: () => false });
    await until('the tags are asked for', () => registry.requests.length === 1);
    expect(known(it)).toBeUndefined();
    expect(it.watch.scans()).toMatchObject([{ tags: 0 }]);
    release();
    await scanned(it);
    expect(tagsOf(it)).toEqual([...(before?.tags ?? []), '1.1.0']);
    expect(known(it)?.images.size).toBe(9);
    await it.close();
  });

  test('does not use it while the registry fails either', async () => {
    await firstRun();
    registry.intercept = (_, response) => {
      json(response, 503, {});
      return true;
    };
    const it = start({ afterMs: 90_000 });
    await until('the scan has failed', () => known(it)?.error !== undefined);
    expect(known(it)).toMatchObject({ tags: [], images: new Map() });
    await it.close();
  });

  test('finds a list suspect that lacks tags of the remembered one', async () => {
    await firstRun();
    registry.remove('1.0.9');
    const it = start({ afterMs: 90_000, inUse: ['1.0.9'] });
    await scanned(it);
    expect(known(it)).toMatchObject({ disappeared: ['1.0.9'] });
    expect(tagsOf(it)).toContain('1.0.9');
    it.clock.advance(66_000);
    await until('the list is believed', () => known(it)?.disappeared === undefined);
    expect(tagsOf(it)).not.toContain('1.0.9');
    await it.close();
  });

  test('keeps the schedule of tags, and what cannot be read', async () => {
    registry.tag('broken', registry.store({ schemaVersion: 2 }, 'application/vnd.oci.image.manifest.v1+json'));
    const before = await firstRun();
    expect(before?.images.get('broken')?.error).toBeDefined();
    const it = start({ afterMs: 65_000 });
    await scanned(it);
    expect(registry.requests).toEqual(['GET /v2/team/web/tags/list?n=1000']);
    expect(known(it)?.images.get('broken')).toEqual(before?.images.get('broken'));
    it.clock.advance(4_000_000);
    await until('tags are checked', () => registry.requests.filter((line) => line.startsWith('HEAD')).length === 9);
    await it.close();
  });

  test('knows how many pages a list has, and does not begin one that it cannot end', async () => {
    let left = 100;
    registry.intercept = ({ url = '' }, response) => {
      if (!url.includes('tags/list')) return false;
      left -= 1;
      const page = Number(new URL(url, 'http://registry').searchParams.get('page') ?? 1);
      json(
        response,
        200,
        { tags: [`1.0.${page}`] },
        {
          'ratelimit-limit': '100;w=3600',
          'ratelimit-remaining': `${left};w=3600`,
          ...(page < 9 ? { link: `<?page=${page + 1}>; rel="next"` } : {}),
        },
      );
      return true;
    };
    const before = await firstRun();
    expect(before?.tags).toHaveLength(9);
    left = 8;
    const it = start({ afterMs: 90_000 });
    await until('the list is asked for', () => registry.requests.length > 0);
    await it.watch.scanNow();
    await it.close();
    expect(registry.requests).toHaveLength(1);
  });

  test('reads times again where they are others by --registry-use-labels', async () => {
    await firstRun();
    const it = start({ afterMs: 30_000, useLabels: ['*'] });
    await until('the images are read', () => known(it)?.images.size === 9);
    expect(registry.requests.filter((line) => line.includes('/manifests/'))).toHaveLength(9);
    await it.close();
  });

  test('with a clock that was set back, or with another interval, scans at once', async () => {
    await firstRun({ afterMs: 7_200_000 });
    const it = start();
    await scanned(it);
    await it.close();
    expect(registry.requests).toHaveLength(1);
  });
});

describe('an entry of the cache (S-058)', () => {
  /** The entries whose keys contain the word. */
  const keys = (word: string) => [...store.entries.keys()].filter((key) => key.includes(`/${word}/`));

  const DAMAGES: readonly (readonly [string, (key: string, value: Uint8Array) => Uint8Array | undefined])[] = [
    ['that is lost', () => undefined],
    ['with a flipped bit', (_, value) => value.map((byte, index) => (index === value.length - 9 ? byte ^ 1 : byte))],
    ['with a flipped bit in its seal', (_, value) => value.map((byte, index) => (index === 0 ? byte ^ 1 : byte))],
    ['that is cut off', (_, value) => value.subarray(0, value.length / 2)],
    ['that is empty', () => new Uint8Array()],
    ['that is garbage', () => Buffer.from('garbage'.repeat(40))],
    ['that is another entry', (key) => [...store.entries].find(([other]) => other !== key)?.[1]],
    ['of a repository of another name', (key) => store.entries.get(key.replace('team/web', 'team/other')) ?? Buffer.from('none')],
  ];
  const ALL = DAMAGES.flatMap(([what, damage]) => ['scan', 'tags', 'known'].map((kind) => [kind, what, damage] as const));

  test.for(sampled('damaged entries', ALL, 5))('of kind %s %s is not used', async ([kind, , damage]) => {
    await firstRun();
    const [key = ''] = keys(kind);
    const value = damage(key, store.entries.get(key) ?? Buffer.of());
    if (value) store.entries.set(key, value);
    else store.entries.delete(key);
    const it = start({ afterMs: 30_000 });
    await scanned(it);
    await until('all is known', () => known(it)?.images.size === 9);
    const asked = registry.requests.filter((line) => line.includes('/manifests/')).length;
    expect(registry.requests.some((line) => line.includes('tags/list'))).toBe(true);
    expect(asked).toBe(9);
    await it.close();
  });

  test('that was changed is named in the log', async () => {
    await firstRun();
    const [key = ''] = keys('scan');
    store.entries.set(key, Buffer.from('x'.repeat(100)));
    const { log, lines } = await createTestLog();
    const it = start({ log });
    await scanned(it);
    await it.close();
    expect(lines()).toContainEqual(expect.objectContaining({ entries: 1, first: key }));
  });

  test('sealed with another secret is not used', async () => {
    await firstRun();
    const it = start({ cache: { store, secret: 'another' } });
    await scanned(it);
    expect(registry.requests).not.toEqual([]);
    await it.close();
  });
});

describe('a store that', () => {
  const failsAt =
    (...operations: readonly string[]): MapStore['fault'] =>
    (operation) => {
      if (operations.includes(operation)) throw new Error('gone');
    };
  const FAULTS: readonly (readonly [string, MapStore['fault']])[] = [
    ['fails', failsAt('read', 'write', 'close')],
    ['fails to read', failsAt('read')],
    ['fails to write', failsAt('write')],
    ['never answers', () => new Promise(() => undefined)],
  ];

  test.for(sampled('ways a store fails', FAULTS, 2))(
    '%s stops no scan, is logged once, and is used when it works again',
    async ([, fault]) => {
      await firstRun();
      store.fault = fault;
      const { log, lines } = await createTestLog();
      const it = start({ log, afterMs: 90_000, clock: new DeadlineClock() });
      await passUntil(it, 'the repository is known', () => known(it)?.scannedAt !== undefined);
      for (let scan = 0; scan < 3; scan += 1) {
        it.clock.advance(61_000);
        await passWhile(it, it.watch.scanNow());
      }
      expect(tagsOf(it)).toHaveLength(9);
      const logged = (text: string) => lines().filter(({ msg }) => msg.includes(text)).length;
      await until('the failure is logged', () => logged('registry cache failed') === 1);
      store.fault = () => undefined;
      await until('the cache works again', async () => {
        it.clock.advance(301_000);
        await passWhile(it, it.watch.scanNow());
        return logged('works again') === 1;
      });
      expect(logged('registry cache failed')).toBe(1);
      await it.close();
      registry.requests.length = 0;
      const next = start({ afterMs: it.clock.now() - new FakeClock().now() + 1000 });
      await scanned(next);
      await next.close();
      expect(registry.requests).toEqual([]);
    },
  );

  test('hangs while the daemon stops does not hold it up, also with a long timeout', async () => {
    await firstRun();
    const it = start({ clock: new DeadlineClock(), cache: { store, secret: SECRET, timeoutMs: 3_600_000 } });
    await scanned(it);
    store.fault = () => new Promise(() => undefined);
    const stoppedAt = it.clock.now();
    await passWhile(it, it.close());
    expect(it.clock.now() - stoppedAt).toBeLessThan(10_000);
  });

  test('lost what was written is written again in full when it is opened again', async () => {
    await firstRun();
    const it = start({ afterMs: 90_000 });
    await scanned(it);
    store.entries.clear();
    store.epoch += 1;
    it.clock.advance(61_000);
    await it.watch.scanNow();
    await it.close();
    expect(store.entries.size).toBe(3);
  });

  test('has all gets one entry of a scan that finds nothing new, and what was learned of a tag with those beside it', async () => {
    await firstRun();
    store.written.length = 0;
    const it = start({ afterMs: 90_000, inUse: ['1.0.9'] });
    await scanned(it);
    await it.watch.scanNow();
    it.clock.advance(1_000);
    await until('the scan is saved', () => store.written.length > 0);
    expect(store.written).toEqual([expect.stringContaining('/scan/')]);
    registry.push('1.0.9', made(30));
    await it.watch.scanNow();
    it.clock.advance(1_000);
    await until('the tag is saved', () => store.written.length > 2);
    expect(store.written.slice(1)).toEqual([expect.stringContaining('/known/'), expect.stringContaining('/scan/')]);
    await it.close();
  });
});
