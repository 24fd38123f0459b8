import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ImageOrigin } from '../../src/image/index.ts';
import { type FoundUpdate, gather, groupsOf, type PendingUpdate, pendingAfter } from '../../src/update/gathering.ts';

const SECOND = 1000;
const TIMES = { quietMs: 20 * SECOND, maxMs: 300 * SECOND };

function found(workload: string, tag = '1', origin: ImageOrigin | undefined = {}): FoundUpdate {
  return {
    workload: `shop:deployment/${workload}`,
    container: 'c',
    target: { domain: '', image: `acme/${workload}`, tag, digest: '' },
    origin,
  };
}

function pending(workload: string, cameAt: number, origin?: ImageOrigin | 'unread', since = cameAt): PendingUpdate {
  const { origin: _, ...update } = found(workload);
  return { ...update, origin: origin === 'unread' ? undefined : (origin ?? {}), since: since * SECOND, cameAt: cameAt * SECOND };
}

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

test('what is found again keeps its times; another target comes anew, and what is gone is forgotten', () => {
  const first = pendingAfter([], [found('a'), found('b')], 10);
  const second = pendingAfter(first, [found('a'), found('b', '2')], 20);
  expect(second.map(({ since, cameAt }) => [since, cameAt])).toEqual([
    [10, 10],
    [10, 20],
  ]);
  const third = pendingAfter(pendingAfter(second, [found('b', '2')], 30), [found('a'), found('b', '2')], 40);
  expect(third.map(({ since }) => since)).toEqual([40, 10]);
});

test('a clock that is set back lengthens no wait', () => {
  const first = pendingAfter([], [found('a')], 9_000_000);
  expect(pendingAfter(first, [found('a')], 10)).toMatchObject([{ since: 10, cameAt: 10 }]);
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

/** Looks every second at what has come; what is ripe is committed at once. */
function batchesOf(
  arrivals: readonly Arrival[],
  untilSecond: number,
): { readonly at: number; readonly batch: readonly PendingUpdate[] }[] {
  const batches: { readonly at: number; readonly batch: readonly PendingUpdate[] }[] = [];
  let waiting: readonly PendingUpdate[] = [];
  for (let second = 0; second <= untilSecond; second += 1) {
    const now = second * SECOND;
    const arrived = arrivals.filter(({ at }) => at === second);
    // A look finds one update of a container.
    const come = new Map(arrived.map(({ update }) => [update.workload, update]));
    waiting = pendingAfter(waiting, [...waiting.filter(({ workload }) => !come.has(workload)), ...come.values()], now);
    const gathering = gather(waiting, TIMES);
    const isRipe = (update: PendingUpdate) => (gathering.ripeAt(update) ?? 0) <= now;
    const batch = waiting.filter(isRipe);
    if (batch.length > 0) batches.push({ at: now, batch });
    const split = groupsOf(waiting).filter((group) => group.some(isRipe) && !group.every(isRipe));
    if (split.length > 0) throw new Error('a group was split');
    waiting = waiting.filter((update) => !isRipe(update));
  }
  return batches;
}

test('ten images over a minute are one batch', () => {
  const arrivals = Array.from({ length: 10 }, (_, n) => ({ at: n * 6, update: found(`w${n}`) }));
  const batches = batchesOf(arrivals, 200);
  expect(batches.map(({ at, batch }) => [at / SECOND, batch.length])).toEqual([[74, 10]]);
});

test('nothing waits longer than the maximum, all of it comes, and no group is split', () => {
  const origin = fc.constantFrom<ImageOrigin | undefined>(undefined, {}, SHOP, { revision: 'abc' }, { revision: 'def' });
  const arrival = fc.record({
    at: fc.nat(900),
    update: fc.tuple(fc.nat(12), fc.nat(3), origin).map(([n, tag, from]) => found(`w${n}`, `${tag}`, from)),
  });
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 120 }), (arrivals) => {
      const batches = batchesOf(arrivals, 900 + TIMES.maxMs / SECOND);
      for (const { at, batch } of batches) for (const { since } of batch) expect(at - since).toBeLessThanOrEqual(TIMES.maxMs);
      const committed = new Set(batches.flatMap(({ batch }) => batch.map(({ workload }) => workload)));
      expect(committed).toEqual(new Set(arrivals.map(({ update }) => update.workload)));
    }),
    { numRuns: 30 },
  );
});
