import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterAnswer,
  afterRequest,
  afterTurn,
  asOf,
  type Budget,
  type Purpose,
  waitFor,
} from '../../src/registry-watch/budget.ts';
import { reportedLimit } from '../../src/registry-watch/rate-limit-headers.ts';
import { expectedTurns, inTurn } from '../../src/registry-watch/turns.ts';

const NOW = Date.UTC(2024, 5, 1);
const HOUR = 3_600_000;

describe('the headers of a rate limit', () => {
  test.each<[string, Record<string, string>, ReturnType<typeof reportedLimit>]>([
    [
      'Docker Hub',
      { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' },
      { limit: 100, remaining: 76, windowMs: 6 * HOUR },
    ],
    [
      'drafts 0 to 6',
      { 'ratelimit-limit': '100', 'ratelimit-remaining': '7', 'ratelimit-reset': '50' },
      { limit: 100, remaining: 7, resetMs: 50_000 },
    ],
    [
      'the same with policies',
      {
        'ratelimit-limit': '1000, 10;w=1, 1000;w=3600;comment="per hour"',
        'ratelimit-remaining': '9',
        'ratelimit-reset': '60',
      },
      { limit: 1000, remaining: 9, windowMs: HOUR, resetMs: 60_000 },
    ],
    [
      'GitLab, whose reset is a Unix time',
      { 'ratelimit-limit': '2000', 'ratelimit-remaining': '1999', 'ratelimit-reset': `${NOW / 1000 + 30}` },
      { limit: 2000, remaining: 1999, resetMs: 30_000 },
    ],
    [
      'draft 7',
      { ratelimit: 'limit=100, remaining=50, reset=5', 'ratelimit-policy': '10;w=1, 100;w=60' },
      { limit: 100, remaining: 50, windowMs: 60_000, resetMs: 5_000 },
    ],
    [
      'later drafts',
      { ratelimit: '"default";r=50;t=30', 'ratelimit-policy': '"default";q=100;w=60' },
      { limit: 100, remaining: 50, windowMs: 60_000, resetMs: 30_000 },
    ],
    [
      'several limits, of which the slowest counts',
      { ratelimit: '"burst";r=5;t=1, "day";r=5;t=3600', 'ratelimit-policy': '"burst";q=10;w=1,"day";q=100;w=86400' },
      { limit: 100, remaining: 5, windowMs: 24 * HOUR, resetMs: HOUR },
    ],
    ['no policy', { ratelimit: '"a";r=5;t=10' }, { remaining: 5, resetMs: 10_000 }],
    ['a window of years', { 'ratelimit-remaining': '1', 'ratelimit-reset': '99999999' }, { remaining: 1, resetMs: 24 * HOUR }],
    ['a window that is over', { 'ratelimit-remaining': '1', 'ratelimit-reset': '1700000000' }, { remaining: 1, resetMs: 0 }],
    ['no time', { 'ratelimit-limit': '100', 'ratelimit-remaining': '7' }, undefined],
    ['nothing left to say', { 'ratelimit-limit': '100;w=60' }, undefined],
    ['no requests at all', { 'ratelimit-limit': '0;w=60', 'ratelimit-remaining': '0;w=60' }, undefined],
    ['text', { 'ratelimit-limit': 'many', 'ratelimit-remaining': '-1', 'ratelimit-reset': 'soon', ratelimit: ';;,=' }, undefined],
    ['none', {}, undefined],
  ])('of %s', (_, headers, reported) => {
    expect(reportedLimit(headers, NOW)).toEqual(reported);
  });

  test('of any text give numbers in bounds, or nothing', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^"?[a-z0-9]*"?(;[a-z]=\d{0,14})*(, ?[a-z]+=\d+)*$/));
    const names = ['ratelimit', 'ratelimit-policy', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'];
    fc.assert(
      fc.property(fc.tuple(...names.map(() => text)), (values) => {
        const reported = reportedLimit(Object.fromEntries(names.map((name, index) => [name, values[index]])), NOW);
        if (!reported) return;
        expect(reported.remaining).toBeGreaterThanOrEqual(0);
        for (const ms of [reported.windowMs ?? 1, reported.resetMs ?? 1]) expect(ms >= 0 && ms <= 24 * HOUR).toBe(true);
        expect(reported.limit ?? 1).toBeGreaterThan(0);
      }),
    );
  });
});

describe('a budget', () => {
  const rolling = (remaining: number): Budget => afterAnswer(undefined, { limit: 100, remaining, windowMs: 6 * HOUR }, 0, 0);
  const minutes = (ms: number) => Math.round(ms / 60_000);
  const spent = (budget: Budget, purpose: Purpose, now = 0) => afterRequest(afterTurn(budget, { purpose }, now), now);

  test.each<[string, Budget, Purpose, number]>([
    ['a person, of a full one', rolling(100), 'now', 0],
    ['a person, as long as something is left', rolling(1), 'now', 0],
    ['a person, of an empty one, a tenth of its window', rolling(0), 'now', 36],
    ['a running one, its first', rolling(100), 'running', 0],
    ['a running one, after it, nine in ten turns', spent(rolling(100), 'running'), 'running', 4],
    ['another, its first', rolling(100), 'other', 0],
    ['another, after that, the tenth turn', spent(rolling(100), 'other'), 'other', 8],
    ['listings, once the other share is full', rolling(100), 'spare', 11],
    ['listings, of less than half, never', rolling(50), 'spare', Number.POSITIVE_INFINITY],
    ['a running one, of the last request, longer', spent(rolling(2), 'running'), 'running', 21],
  ])('lets wait %s', (_, budget, purpose, expected) => {
    expect(minutes(waitFor(budget, { purpose }, 0))).toBe(expected);
  });

  test('whose end is reported is spread over the time left, and full again afterwards', () => {
    const reported = afterAnswer(undefined, { limit: 100, remaining: 9, resetMs: HOUR }, 0, 0);
    expect(minutes(waitFor(spent(reported, 'running'), { purpose: 'running' }, 0))).toBe(8);
    expect(asOf(spent(reported, 'running'), HOUR)).toMatchObject({ remaining: 100 });
    const empty = afterAnswer(undefined, { limit: 100, remaining: 0, resetMs: HOUR }, 0, 0);
    expect(minutes(waitFor(empty, { purpose: 'now' }, 0))).toBe(60);
    expect(waitFor(empty, { purpose: 'now' }, HOUR)).toBe(0);
  });

  test('counts what the host may not know yet', () => {
    expect(afterAnswer(undefined, { limit: 100, remaining: 5, windowMs: HOUR }, 0, 3).remaining).toBe(2);
    expect(afterAnswer(undefined, { remaining: 5, windowMs: HOUR }, 0, 9).remaining).toBe(0);
  });

  test('is never overspent by those that wait, however they ask', () => {
    const step = fc.record({
      purpose: fc.constantFrom<Purpose>('running', 'other', 'spare'),
      pauseMs: fc.integer({ min: 0, max: HOUR / 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let budget = rolling(100);
        let now = 0;
        const sent: number[] = [];
        for (const { purpose, pauseMs } of steps) {
          now += pauseMs;
          const wait = waitFor(budget, { purpose }, now);
          if (!Number.isFinite(wait)) continue;
          now += wait;
          budget = spent(budget, purpose, now);
          sent.push(now);
          const used = sent.filter((at) => at > now - 6 * HOUR).length;
          expect(used).toBeLessThanOrEqual(100);
          budget = afterAnswer(budget, { limit: 100, remaining: 100 - used, windowMs: 6 * HOUR }, now, 0);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('turns', () => {
  const queue = { opensAt: 50, spacingMs: 100 };
  const at = (name: string, nextAt: number, heldUntil = 0) => ({ name, nextAt, heldUntil });
  const queues = {
    keyOf: ({ name }: { readonly name: string }) => name.slice(0, 1),
    queueOf: ({ name }: { readonly name: string }) => (name.startsWith('q') ? queue : undefined),
    requestsOf: ({ name }: { readonly name: string }) => (name === 'q3' ? 3 : 1),
  };
  const waiting = [at('q2', 20), at('q1', 10), at('a', 30), at('b', 200), at('c', 10, 90)];

  test('of a queue come one at a time, the longest waiting first; others when they are due', () => {
    const names = (now: number) => {
      const { due, nextAt } = inTurn(waiting, now, queues);
      return [due.map(({ name }) => name), nextAt];
    };
    expect(names(40)).toEqual([['a'], 50]);
    expect(names(60)).toEqual([['q1', 'a'], 90]);
    expect(names(100)).toEqual([['q1', 'c', 'a'], 200]);
  });

  test('are expected one after the other', () => {
    const turns = expectedTurns(waiting, 0, queues);
    expect(waiting.map((entry) => turns.get(entry))).toEqual([150, 50, 30, 200, 90]);
  });

  test('of lists of several pages are expected when all of them may be sent', () => {
    const list = [at('q1', 10), at('q3', 20), at('q2', 30)];
    const turns = expectedTurns(list, 0, queues);
    expect(list.map((entry) => turns.get(entry))).toEqual([50, 350, 450]);
  });

  test('that depend on others are looked at again later', () => {
    const never = { ...queues, queueOf: () => ({ opensAt: Number.POSITIVE_INFINITY, spacingMs: 100 }) };
    expect(inTurn([at('q1', 10)], 20, never)).toEqual({ due: [], nextAt: undefined });
    expect(expectedTurns([at('q1', 10)], 20, never).get(at('q1', 10))).toBeUndefined();
  });
});
