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
