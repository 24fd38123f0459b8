import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ImageOrigin } from '../../src/image/index.ts';
import { type FoundUpdate, gather, groupsOf, type Look, lookAgain, type PendingUpdate } from '../../src/update/gathering.ts';

const SECOND = 1000;
const TIMES = { quietMs: 20 * SECOND, maxMs: 300 * SECOND };

function found(workload: string, tag = '1', origin: ImageOrigin | undefined = {}): FoundUpdate {
  return {
    workload: `shop:deployment/${workload}`,
    container: 'c',
    target: { domain: '', image: `acme/${workload}`, tag, digest: '' },
    origin,
    scheduled: false,
  };
}

function pending(workload: string, cameAt: number, origin?: ImageOrigin | 'unread', since = cameAt): PendingUpdate {
  const times = { since: since * SECOND, cameAt: cameAt * SECOND, tried: false };
  return { ...found(workload), ...times, origin: origin === 'unread' ? undefined : (origin ?? {}) };
}

const scheduled = (update: PendingUpdate): PendingUpdate => ({ ...update, scheduled: true });
const tried = (update: PendingUpdate): PendingUpdate => ({ ...update, tried: true });

const SHOP = { source: 'https://git.example/shop', revision: 'abc' };

test.each<[string, readonly PendingUpdate[], Readonly<Record<string, number>>]>([
  ['one waits for the quiet time', [pending('a', 0)], { a: 20 }],
  ['each that comes makes all wait', [pending('a', 0), pending('b', 15)], { a: 35, b: 35 }],
  ['until the oldest has waited for the maximum', [pending('a', 0), pending('b', 295)], { a: 300, b: 315 }],
  [
    'then those go whose own last came the quiet time ago',
    [pending('a', 0), pending('b', 270), pending('c', 295)],
    { a: 300, b: 300, c: 315 },
  ],
  [
    'images of one revision go together',
    [pending('a', 0, SHOP), pending('b', 295, SHOP), pending('c', 290)],
    { a: 300, b: 300, c: 310 },
  ],
  [
    'a group whose last came just now waits with it, but not beyond the maximum of its oldest',
    [pending('a', 0), pending('b', 200, SHOP), pending('c', 290, SHOP)],
    { a: 300, b: 310, c: 310 },
  ],
  ['a container that changes its mind waits from its first update on', [pending('a', 295, {}, 0)], { a: 300 }],
  [
    'one that was not read may belong to any, until the maximum',
    [pending('a', 0, 'unread'), pending('b', 10)],
    { a: 300, b: 300 },
  ],
  [
    'one that waits for a window hurries no other',
    [scheduled(pending('a', 0)), pending('b', 1000), pending('c', 1015)],
    { a: 20, b: 1035, c: 1035 },
  ],
  ['and none waits for it', [pending('a', 0), scheduled(pending('b', 15, 'unread'))], { a: 20, b: 315 }],
  [
    'nor does it hurry others of its group',
    [scheduled(pending('a', 0, SHOP)), pending('b', 1000, SHOP), pending('c', 1015, SHOP)],
    { a: 1035, b: 1035, c: 1035 },
  ],
  [
    'one that was tried stays ripe, and hurries no other',
    [tried(pending('a', 0)), pending('b', 1000), pending('c', 1015)],
    { a: 20, b: 1035, c: 1035 },
  ],
  [
    'one that was tried takes others of its group along',
    [tried(pending('a', 0, SHOP)), pending('b', 1000, SHOP)],
    { a: 300, b: 300 },
  ],
])('%s', (_name, given, expected) => {
  const gathering = gather(given, TIMES);
  const ripe = given.map((update) => [update.target.image.replace('acme/', ''), (gathering.ripeAt(update) ?? -1) / SECOND]);
  expect(Object.fromEntries(ripe)).toEqual(expected);
});

test.each<[string, readonly (ImageOrigin | undefined)[], number]>([
  ['nothing known', [{}, {}], 2],
  ['one revision, one source', [SHOP, SHOP], 1],
  ['one revision, two sources', [SHOP, { ...SHOP, source: 'https://git.example/other' }], 2],
  ['one revision, one without source', [SHOP, { revision: 'abc' }], 1],
  ['one source, two revisions', [SHOP, { ...SHOP, revision: 'def' }], 2],
  ['one that connects two', [SHOP, { revision: 'abc' }, { ...SHOP, source: 'https://git.example/other' }], 1],
])('%s: so many groups', (_name, origins, count) => {
  expect(groupsOf(origins.map((origin, n) => pending(`w${n}`, 0, origin)))).toHaveLength(count);
});

test('containers of one workload are one group, also with those that each of them connects', () => {
  const one = pending('a', 0, SHOP);
  expect(groupsOf([one, { ...one, container: 'd', origin: {} }, pending('b', 0, SHOP), pending('c', 0)])).toHaveLength(2);
});

const look = (before: Look | undefined, updates: readonly FoundUpdate[], now: number) => lookAgain(before, updates, now, TIMES);

test('what is found again keeps its times; another target comes anew, and what is gone is forgotten', () => {
  const first = look(undefined, [found('a'), found('b')], 10);
  const second = look(first, [found('a'), found('b', '2')], 20);
  expect(second.pending.map(({ since, cameAt }) => [since, cameAt])).toEqual([
    [10, 10],
    [10, 20],
  ]);
  const third = look(look(second, [found('b', '2')], 30), [found('a'), found('b', '2')], 40);
  expect(third.pending.map(({ since }) => since)).toEqual([40, 10]);
});

test('a clock that is set back lengthens no wait', () => {
  const first = look(undefined, [found('a')], 9_000_000);
  expect(look(first, [found('a')], 10).pending).toMatchObject([{ since: 10, cameAt: 10 }]);
});

test('what was ripe at a look and is still here was tried, unless a window kept it or another target came', () => {
  const triedAfter = (first: FoundUpdate, then: FoundUpdate) => {
    const ripe = look(look(undefined, [first], 0), [first], TIMES.quietMs);
    expect(ripe.pending.map((update) => update.tried)).toEqual([false]);
    return look(ripe, [then], TIMES.quietMs + 1).pending[0]?.tried;
  };
  expect(triedAfter(found('a'), found('a'))).toBe(true);
  expect(triedAfter(found('a'), found('a', '2'))).toBe(false);
  expect(triedAfter({ ...found('a'), scheduled: true }, found('a'))).toBe(false);
});

test('an update that is not the one that is gathered has no time', () => {
  const gathering = gather([pending('a', 0)], TIMES);
  expect(gathering.ripeAt(found('a', '2'))).toBeUndefined();
  expect(gathering.ripeAt(found('b'))).toBeUndefined();
});

interface Arrival {
  readonly at: number;
  readonly update: FoundUpdate;
}

interface Batch {
  readonly at: number;
  readonly batch: readonly PendingUpdate[];
}

interface Obstacles {
  /** When the window of a workload opens, in seconds; at once by default. */
  readonly opensAt?: (workload: string) => number;
  /** Whether the commit of an update fails in this second. */
  readonly fails?: (workload: string, second: number) => boolean;
}

/** Looks every second at what has come; what is ripe is committed at once. */
function batchesOf(
  arrivals: readonly Arrival[],
  untilSecond: number,
  { opensAt = () => 0, fails = () => false }: Obstacles = {},
): readonly Batch[] {
  const batches: Batch[] = [];
  let last: Look | undefined;
  let waiting: readonly FoundUpdate[] = [];
  for (let second = 0; second <= untilSecond; second += 1) {
    const now = second * SECOND;
    // A look finds one update of a container.
    const come = new Map(arrivals.filter(({ at }) => at === second).map(({ update }) => [update.workload, update]));
    const all = [...waiting.filter(({ workload }) => !come.has(workload)), ...come.values()];
    last = look(
      last,
      all.map((update) => ({ ...update, scheduled: opensAt(update.workload) > second })),
      now,
    );
    const { pending: found, gathering } = last;
    const isRipe = (update: PendingUpdate) => (gathering.ripeAt(update) ?? 0) <= now;
    const split = groupsOf(found).filter((group) => group.some(isRipe) && !group.every(isRipe));
    if (split.length > 0) throw new Error('a group was split');
    const batch = found.filter((update) => isRipe(update) && !update.scheduled && !fails(update.workload, second));
    if (batch.length > 0) batches.push({ at: now, batch });
    waiting = found.filter((update) => !batch.includes(update));
  }
  return batches;
}

const sizes = (batches: readonly Batch[]) => batches.map(({ at, batch }) => [at / SECOND, batch.length]);
const tenFrom = (second: number) => Array.from({ length: 10 }, (_, n) => ({ at: second + n * 6, update: found(`w${n}`) }));
const OTHER = { at: 0, update: found('other') };
const isOther = (workload: string) => workload === OTHER.update.workload;

test.each<[string, readonly Arrival[], Obstacles, readonly (readonly number[])[]]>([
  ['are one batch', tenFrom(0), {}, [[74, 10]]],
  [
    'after another',
    [OTHER, ...tenFrom(400)],
    {},
    [
      [20, 1],
      [474, 10],
    ],
  ],
  [
    'also while another waits for its window',
    [OTHER, ...tenFrom(400)],
    { opensAt: (workload) => (isOther(workload) ? 900 : 0) },
    [
      [474, 10],
      [900, 1],
    ],
  ],
  ['also while the commit of another fails', [OTHER, ...tenFrom(400)], { fails: isOther }, [[474, 10]]],
  [
    'also after pushes failed for long',
    [OTHER, ...tenFrom(400)],
    { fails: (_, second) => second < 430 },
    [
      [430, 1],
      [474, 10],
    ],
  ],
])('ten images over a minute %s', (_name, arrivals, obstacles, expected) => {
  expect(sizes(batchesOf(arrivals, 1000, obstacles))).toEqual(expected);
});

const origin = fc.constantFrom<ImageOrigin | undefined>(undefined, {}, SHOP, { revision: 'abc' }, { revision: 'def' });
const arrival = fc.record({
  at: fc.nat(900),
  update: fc.tuple(fc.nat(12), fc.nat(3), origin).map(([n, tag, from]) => found(`w${n}`, `${tag}`, from)),
});
const someArrivals = fc.array(arrival, { maxLength: 120 });
const LAST = 900 + TIMES.maxMs / SECOND;

test('nothing waits longer than the maximum, a window and failing pushes, all of it comes, and no group is split', () => {
  const opening = fc.array(fc.integer({ min: -900, max: 900 }), { minLength: 13, maxLength: 13 });
  fc.assert(
    fc.property(someArrivals, opening, fc.nat(900), fc.nat(600), (arrivals, openings, from, length) => {
      const opensAt = (workload: string) => openings[Number(workload.replace(/.*w/, ''))] ?? 0;
      const fails = (_: string, second: number) => second >= from && second < from + length;
      const batches = batchesOf(arrivals, LAST + length, { opensAt, fails });
      for (const { at, batch } of batches) {
        for (const { since, workload } of batch) {
          const due = Math.max(since + TIMES.maxMs, opensAt(workload) * SECOND);
          const isHeldUp = fails(workload, due / SECOND);
          expect(at).toBeLessThanOrEqual(isHeldUp ? (from + length) * SECOND : due);
        }
      }
      const committed = new Set(batches.flatMap(({ batch }) => batch.map(({ workload }) => workload)));
      expect(committed).toEqual(new Set(arrivals.map(({ update }) => update.workload)));
    }),
    { numRuns: 30 },
  );
});

test('an update that waits for its window, or was tried, changes nothing for those of other groups', () => {
  fc.assert(
    fc.property(someArrivals, fc.boolean(), (arrivals, isScheduled) => {
      // It is gathered with the others until it was tried.
      const later = arrivals.map(({ at, update }) => ({ at: at + 30, update }));
      const obstacles = isScheduled ? { opensAt: (workload: string) => (isOther(workload) ? 9999 : 0) } : { fails: isOther };
      expect(sizes(batchesOf([OTHER, ...later], LAST + 30, obstacles))).toEqual(sizes(batchesOf(later, LAST + 30)));
    }),
    { numRuns: 20 },
  );
});
