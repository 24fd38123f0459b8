import { beforeEach, describe, expect, test } from 'vitest';
import { yieldTurn } from '../../../src/base/index.ts';
import { createTestLog } from '../../support/test-log.ts';
import { until } from '../../support/until.ts';
import { DeadlineClock } from '../fake-clock.ts';
import type { Setup } from '../watch-of.ts';
import { made, passUntil, passWhile, Restarts, SECRET } from './restarts.ts';

let of: Restarts;

/** Of a repository with many others, so that only these are read. */
const needsTimes = (tag: string) => tag.startsWith('1.');

beforeEach(async () => {
  of = await Restarts.begin();
  const other = of.registry.push('other', made(1));
  for (let n = 0; n < 200; n += 1) of.registry.tag(`other-${n}`, other);
});

const known = (it: Setup) => of.known(it);
const isScanned = (it: Setup) => known(it)?.scannedAt !== undefined;
const manifests = () => of.registry.requests.filter((line) => line.includes('/manifests/')).length;

describe('a store that is slow at the start', () => {
  /** What happens at the read of this number, from 1, and so many milliseconds after the first. */
  const SLOW: readonly (readonly [what: string, at: (clock: DeadlineClock, read: number, ms: number) => Promise<void>])[] = [
    ['answers after four seconds', async (clock, read) => (read === 1 ? clock.sleep(4_000) : undefined)],
    ['never answers the first time', async (_, read) => (read === 1 ? new Promise(() => undefined) : undefined)],
    ['fails for eight seconds', async (_clock, _read, ms) => (ms < 8_000 ? Promise.reject(new Error('not yet')) : undefined)],
  ];

  test.for(SLOW)('and %s is waited for: nothing is asked again', async ([, at]) => {
    const before = await of.firstRun({ needsTimes });
    const clock = new DeadlineClock();
    const { log, lines } = await createTestLog();
    let reads = 0;
    let firstAt: number | undefined;
    of.store.fault = () => {
      firstAt ??= clock.now();
      reads += 1;
      return at(clock, reads, clock.now() - firstAt);
    };
    const it = of.start({
      clock,
      log,
      needsTimes,
      afterMs: 30_000,
      cache: { store: of.store, secret: SECRET, timeoutMs: 1_000 },
    });
    await passUntil(it, 'the repository is known', () => isScanned(it));
    expect(known(it)).toMatchObject({ tags: before?.tags, images: before?.images });
    of.store.fault = () => undefined;
    await it.close();
    expect(of.registry.requests).toEqual([]);
    expect(lines()).toEqual([]);
  });

  test('does not hold up the end of the daemon', async () => {
    await of.firstRun({ needsTimes });
    of.store.fault = (operation) => (operation === 'read' ? Promise.reject(new Error('not yet')) : undefined);
    const it = of.start({ clock: new DeadlineClock(), afterMs: 30_000 });
    await it.close();
    expect(it.clock.nextWaking).toBe(Number.POSITIVE_INFINITY);
  });
});

test('a store that fails is no failure before it was waited for; then it is, since when and what to do, until it works', async () => {
  const it = of.start({ clock: new DeadlineClock(), needsTimes: () => false });
  await of.scanned(it);
  expect(it.watch.cacheFailure()).toBeUndefined();
  await it.close();
  of.store.fault = () => new Promise(() => undefined);
  const next = of.start({ clock: new DeadlineClock(), afterMs: 90_000, needsTimes: () => false });
  next.clock.advance(4_000);
  expect(next.watch.cacheFailure()).toBeUndefined();
  await passUntil(next, 'the repository is scanned', () => isScanned(next));
  const failure = next.watch.cacheFailure();
  expect(failure).toMatchObject({
    since: expect.any(Number),
    error: { code: 'registry/cache-slow', help: expect.stringContaining('--registry-cache') },
  });
  for (let n = 0; n < 3; n += 1) {
    next.clock.advance(301_000);
    await passWhile(next, next.watch.scanNow());
  }
  expect(next.watch.cacheFailure()).toEqual(failure);
  of.store.fault = () => undefined;
  next.clock.advance(301_000);
  await passWhile(next, next.watch.scanNow());
  expect(next.watch.cacheFailure()).toBeUndefined();
  await next.close();
});

describe('what a store has that did not answer at the start', () => {
  /** A daemon that has scanned without its store. */
  async function withoutStore(...[options]: Parameters<Restarts['start']>) {
    const before = await of.firstRun({ needsTimes });
    of.store.fault = () => Promise.reject(new Error('gone'));
    const it = of.start({ clock: new DeadlineClock(), afterMs: 90_000, needsTimes: () => false, ...options });
    await passUntil(it, 'the repository is scanned', () => isScanned(it));
    return { it, before };
  }

  /** What a daemon that needs all has to read of the registry. */
  async function readAfter(it: Setup): Promise<number> {
    of.registry.requests.length = 0;
    const afterMs = it.clock.now() - new DeadlineClock().now() + 1_000;
    const next = of.start({ clock: new DeadlineClock(), afterMs, needsTimes });
    await until('all is known', () => {
      const tags = known(next)?.tags.filter(needsTimes) ?? [];
      return tags.length > 0 && tags.every((tag) => known(next)?.images.has(tag));
    });
    await next.close();
    return manifests();
  }

  test('is not lost when the daemon writes', async () => {
    of.registry.requests.length = 0;
    const { it } = await withoutStore({ inUse: ['1.0.9'] });
    of.registry.push('1.1.0', made(20));
    of.store.fault = () => undefined;
    it.clock.advance(301_000);
    await it.watch.scanNow();
    await it.close();
    expect(known(it)?.tags).toContain('1.1.0');
    expect(await readAfter(it)).toBe(1);
  });

  test('is not lost when the daemon ends before it has read it', async () => {
    const { it } = await withoutStore();
    of.store.fault = () => undefined;
    it.clock.advance(301_000);
    await it.close();
    expect(await readAfter(it)).toBe(0);
  });

  const LOSSES = [1, 2].flatMap((read) => (['fails', 'is not answered'] as const).map((how) => [read, how] as const));
  test.for(LOSSES)('is known without a request for it, when read %d %s', async ([lost, how]) => {
    const before = await of.firstRun({ needsTimes });
    let reads = 0;
    of.store.fault = (operation) => {
      reads += operation === 'read' ? 1 : 0;
      if (operation !== 'read' || reads !== lost) return undefined;
      return how === 'fails' ? Promise.reject(new Error('gone')) : new Promise(() => undefined);
    };
    const it = of.start({ clock: new DeadlineClock(), afterMs: 90_000, needsTimes: () => false });
    await passUntil(it, 'the repository is scanned', () => isScanned(it));
    await until('all is known', async () => {
      it.clock.advance(10_000);
      await it.watch.scanNow();
      return known(it)?.images.size === 9;
    });
    await it.close();
    expect(known(it)?.images).toEqual(before?.images);
    expect(manifests()).toBe(0);
  });

  test('is known from the next scan on, and what was learned meanwhile counts and is not lost', async () => {
    const { it, before } = await withoutStore();
    expect(known(it)?.images.size).toBe(0);
    of.registry.push('1.0.9', made(25));
    it.watch.readTag(of.registry.name, '1.0.9');
    await it.watch.scanNow();
    it.clock.advance(1_000);
    await yieldTurn();
    of.store.fault = () => undefined;
    it.clock.advance(301_000);
    it.news.length = 0;
    await it.watch.scanNow();
    expect(it.news).toContain(of.registry.name);
    expect(known(it)?.images.get('1.0.9')?.createdAt).toBe(Date.parse(made(25)));
    expect(known(it)?.images.get('1.0.1')).toEqual(before?.images.get('1.0.1'));
    await it.close();
    const next = of.start({ afterMs: it.clock.now() - new DeadlineClock().now() + 1_000, needsTimes });
    await until('the repository is known', () => isScanned(next));
    expect(known(next)?.images).toEqual(known(it)?.images);
    await next.close();
  });
});
