import { describe, expect, onTestFinished, test } from 'vitest';
import type { ImageTarget } from '../../src/image/index.ts';
import { sampled } from '../support/sampled.ts';
import { FakeClock } from './fake-clock.ts';
import { createHub, type HubOptions, type Kind } from './sim-hub.ts';
import { setup } from './watch-of.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ALL: readonly Kind[] = ['tags', 'head', 'manifest', 'blob'];
const HUB = { limit: 100, windowMs: 6 * HOUR, window: 'rolling', counts: ALL, reports: ALL } as const;

function start(options: Omit<HubOptions, 'clock'>, targets: readonly ImageTarget[]) {
  const clock = new FakeClock();
  const hub = createHub({ ...options, clock });
  const it = setup({ clock, http: hub.http, burst: 10, rps: 50, insecureHosts: [] });
  onTestFinished(() => it.close());
  it.watch.watch(targets);
  it.watch.start();
  return {
    ...it,
    hub,
    startedAt: clock.monotonic(),
    /** Lets time go by, from one waking to the next. */
    async pass(ms: number) {
      const until = clock.monotonic() + ms;
      for (;;) {
        // As long as requests lead to more of them.
        for (let known = -1; known !== hub.hits.length; ) {
          known = hub.hits.length;
          for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
        }
        const now = clock.monotonic();
        clock.advance(Math.min(Math.max(clock.nextWaking - now, 1), until - now));
        if (now >= until) return;
      }
    },
  };
}

const nameOf = (number: number) => `team/i${number}`;
const targetsOf = (count: number, running: number): readonly ImageTarget[] =>
  Array.from({ length: count }, (_, number) => ({
    name: `hub.example/${nameOf(number)}`,
    pullSecrets: [],
    inUse: ['1.0'],
    // Running ones last: their order must not help.
    ...(number < count - running ? { isIdle: true } : {}),
  }));

/** The longest time for which the tags of an image were not read. */
function longestGap({ hub, startedAt, clock }: ReturnType<typeof start>, image: string): number {
  const seen = hub.hits.filter((hit) => hit.image === image && hit.kind === 'tags' && hit.status === 200).map(({ at }) => at);
  const moments = [startedAt, ...seen, clock.monotonic()];
  return Math.max(...moments.slice(1).map((at, index) => at - (moments[index] ?? at)));
}

const running = (count: number, of: number) => Array.from({ length: of }, (_, index) => nameOf(count - 1 - index));

const refused = ({ hub }: ReturnType<typeof start>) => hub.hits.filter(({ status }) => status === 429);

/** The longest time between two lists of an image, of several. */
function longestOf(it: ReturnType<typeof start>, images: readonly string[]): number {
  return Math.max(...images.map((image) => longestGap(it, image)));
}

test.for(
  sampled<Partial<HubOptions>>(
    'limits of all requests',
    [
      {},
      { window: 'fixed' },
      // Told only by some answers, so that the others seem to be free until they are known to be reported.
      { reports: ['tags', 'manifest'] },
    ],
    1,
  ),
)('100 requests of any kind in 6 h do for 40 running images of 1,000: %j', async (options) => {
  const it = start({ ...HUB, ...options }, targetsOf(1000, 40));
  const before = process.cpuUsage();
  await it.pass(24 * HOUR);
  const { user, system } = process.cpuUsage(before);
  expect(refused(it)).toEqual([]);
  expect(longestOf(it, running(1000, 40))).toBeLessThanOrEqual(3 * HOUR);
  expect((user + system) / 1000).toBeLessThan(4_000);
  // The others have their turns, too.
  expect(new Set(it.hub.hits.map(({ image }) => image)).size).toBeGreaterThan(40 + 20);
});

describe('Docker Hub, which counts manifests, but neither HEAD requests nor tag lists,', () => {
  const DOCUMENTED = { ...HUB, counts: ['manifest'], reports: ['manifest', 'head'] } as const;

  test('is asked for tag lists as often as others, and for manifests in its limit', async () => {
    const it = start(
      DOCUMENTED,
      targetsOf(16, 4).map((target) => ({ ...target, needsTimes: () => true })),
    );
    await it.pass(HOUR);
    it.hub.push(nameOf(15), '1.2');
    await it.pass(2 * MINUTE);
    expect(it.watch.repository(`hub.example/${nameOf(15)}`)?.images.get('1.2')?.createdAt).toBeDefined();
    expect(refused(it)).toEqual([]);
    expect(longestOf(it, running(16, 4))).toBeLessThanOrEqual(1.1 * MINUTE);
    // The others are asked less often as long as nothing changes.
    expect(longestGap(it, nameOf(0))).toBeGreaterThan(15 * MINUTE);
    expect(it.hub.remaining()).toBeGreaterThan(50);
  });

  test('is not listed in a loop while a large repository waits for its metadata', async () => {
    const [target] = targetsOf(1, 1);
    if (!target) throw new Error('no target');
    const it = start(DOCUMENTED, []);
    for (let number = 0; number < 600; number += 1) it.hub.push(nameOf(0), `2.${number}`);
    it.watch.watch([{ ...target, needsTimes: () => true }]);
    await it.pass(10 * MINUTE);
    expect(it.hub.hits.filter(({ kind }) => kind === 'tags').length).toBeLessThanOrEqual(12);
    expect(refused(it)).toEqual([]);
  });

  test('is left alone when others behind the same address have spent the limit', async () => {
    const it = start(DOCUMENTED, targetsOf(2, 2));
    await it.pass(MINUTE);
    while (it.hub.remaining() > 0) it.hub.pull();
    it.hub.push(nameOf(1), '1.2');
    it.watch.readTag(`hub.example/${nameOf(1)}`, '1.2');
    await it.pass(5 * HOUR);
    expect(refused(it).length).toBeLessThanOrEqual(10);
    expect(longestOf(it, running(2, 2))).toBeLessThanOrEqual(1.1 * MINUTE);
    await it.pass(2 * HOUR);
    expect(it.watch.repository(`hub.example/${nameOf(1)}`)?.images.get('1.2')?.createdAt).toBeDefined();
  });
});

test('what is left, the interval reached and the next turn are shown', async () => {
  const it = start(HUB, targetsOf(60, 40));
  await it.pass(5 * HOUR);
  const [host] = it.watch.hosts();
  expect(host).toMatchObject({ name: 'hub.example', repositories: 60, failed: 0, budgets: [{ limit: 100, windowMs: 6 * HOUR }] });
  expect(host?.budgets[0]).toMatchObject({ countsLists: true, remaining: it.hub.remaining() });
  const scans = it.watch.scans().filter(({ intervalMs }) => intervalMs !== undefined);
  expect(scans.length).toBeGreaterThan(25);
  for (const { intervalMs = 0 } of scans) expect(intervalMs).toBeLessThanOrEqual(3 * HOUR);
  // Expected one after the other, and those that run in less than three hours.
  const turns = it.watch.scans().map(({ nextAt = 0 }) => nextAt - it.clock.now());
  expect(new Set(turns).size).toBeGreaterThan(50);
  expect(turns.toSorted((a, b) => a - b)[39]).toBeLessThanOrEqual(3 * HOUR);
});

test('a person is answered at once, however long the others wait', async () => {
  const it = start(HUB, targetsOf(200, 40));
  await it.pass(HOUR);
  const name = nameOf(7);
  it.hub.push(name, '1.2');
  const scan = it.watch.scanNow(`hub.example/${name}`);
  await it.pass(1);
  await scan;
  expect(it.watch.repository(`hub.example/${name}`)?.tags).toContain('1.2');
});

test('a host that reports no limit is asked as before', async () => {
  const it = start({ ...HUB, counts: [], reports: [] }, targetsOf(6, 3));
  await it.pass(30 * MINUTE);
  expect(longestOf(it, [...running(6, 3), nameOf(0)])).toBeLessThanOrEqual(1.1 * MINUTE);
});

describe('a list of many pages, where they count,', () => {
  const readsOf = ({ hub, startedAt }: ReturnType<typeof start>, image: string, pages: number) =>
    hub.hits.filter((hit) => hit.image === image && hit.page === pages && hit.status === 200).map(({ at }) => at - startedAt);
  const pagesOf = ({ hub }: ReturnType<typeof start>, image: string) =>
    hub.hits.filter((hit) => hit.image === image && hit.kind === 'tags').length;
  const scanOf = ({ watch }: ReturnType<typeof start>, image: string) =>
    watch.scans().find(({ name }) => name === `hub.example/${image}`);

  /** Images of which one has a list of so many pages. */
  function startWith(image: string, pages: number, window: HubOptions['window'], targets: readonly ImageTarget[]) {
    const it = start({ ...HUB, window }, []);
    it.hub.paginate(image, pages);
    it.watch.watch(targets);
    return it;
  }

  const cases = (['rolling', 'fixed'] as const).flatMap((window) => [
    { window, pages: 8, others: 39, everyH: 4 },
    { window, pages: 30, others: 20, everyH: 5.5 },
    { window, pages: 60, others: 20, everyH: 6.5 },
    { window, pages: 60, others: 0, everyH: 6.5 },
  ]);
  test.each(sampled('lists of many pages', cases, 3))(
    'takes as many turns, and is read to its end once it begins: %j',
    async ({ window, pages, others, everyH }) => {
      const large = nameOf(Math.floor(others / 2));
      const it = startWith(large, pages, window, targetsOf(others + 1, others + 1));
      await it.pass(10 * HOUR);
      const before = it.hub.hits.length;
      await it.pass(50 * HOUR);
      expect(refused(it)).toEqual([]);
      const reads = readsOf(it, large, pages);
      // Others may come between its pages, so that one or two are read again.
      expect(pagesOf(it, large)).toBeLessThan(1.05 * reads.length * pages + 1);
      // In a round of all, which takes about as long as the host needs for all pages.
      const gaps = reads.slice(1).map((at, index) => at - (reads[index] ?? 0));
      expect(Math.max(...gaps.slice(1))).toBeLessThan(everyH * HOUR);
      for (const image of running(others + 1, others + 1).filter((name) => name !== large)) {
        const seen = it.hub.hits.slice(before).filter((hit) => hit.image === image && hit.kind === 'tags');
        expect(seen.length).toBeGreaterThan(50 / everyH - 2);
      }
      expect(scanOf(it, large)).toMatchObject({ tags: pages + 1 });
      expect(scanOf(it, large)?.error).toBeUndefined();
    },
  );

  test.each(['rolling', 'fixed'] as const)(
    'that no window has room for is begun once, named with the limit, and holds up no others: %s',
    async (window) => {
      const large = nameOf(20);
      const it = startWith(large, 150, window, targetsOf(40, 40));
      await it.pass(12 * HOUR);
      const begun = it.hub.hits.length;
      await it.pass(36 * HOUR);
      expect(refused(it)).toEqual([]);
      expect(pagesOf(it, large)).toBeLessThan(100);
      expect(it.hub.hits.slice(begun).filter(({ image }) => image === large)).toEqual([]);
      for (const image of running(40, 40).filter((name) => name !== large)) {
        const seen = it.hub.hits.slice(begun).filter((hit) => hit.image === image && hit.kind === 'tags');
        expect(seen.length, image).toBeGreaterThanOrEqual(36 / 3 - 1);
      }
      const scan = scanOf(it, large);
      expect(scan).toMatchObject({
        isScanning: false,
        error: {
          code: 'registry/list-too-large',
          message: `the tag list of hub.example/${large} has too many pages for the limit of its host: 100 requests in 6 h`,
        },
      });
      expect(scan?.nextAt).toBeUndefined();
      expect(it.watch.repository(`hub.example/${large}`)?.error).toEqual(scan?.error);
    },
  );

  test('of an idle image is read while no running one needs its part', async () => {
    const large = nameOf(7);
    const it = startWith(large, 30, 'rolling', targetsOf(11, 0));
    await it.pass(48 * HOUR);
    expect(refused(it)).toEqual([]);
    const reads = readsOf(it, large, 30);
    expect(reads.length).toBeGreaterThan(3);
    expect(pagesOf(it, large)).toBe(reads.length * 30);
  });

  test('is not begun for a person either when too little is left for it', async () => {
    const large = nameOf(0);
    const it = startWith(large, 60, 'rolling', targetsOf(1, 1));
    await it.pass(HOUR);
    expect(pagesOf(it, large)).toBe(60);
    const scan = it.watch.scanNow(`hub.example/${large}`);
    await it.pass(1);
    await scan;
    expect(pagesOf(it, large)).toBe(60);
  });
});
