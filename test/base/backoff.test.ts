import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../../src/base/index.ts';

describe('the backoff', () => {
  test.each([
    [0, 100],
    [1, 200],
    [2, 400],
    [3, 800],
    [4, 1000],
    [5, 1000],
    [31, 1000],
    [5000, 1000],
  ])('before attempt %d is %d ms: doubled up to the maximum', (attempt, ms) => {
    expect(backoffMs(attempt, { initialMs: 100, maxMs: 1000, random: () => 1 })).toBe(ms);
  });

  test('takes half to all of that, by chance', () => {
    const delay = (random: number) => backoffMs(0, { initialMs: 100, maxMs: 1000, random: () => random });
    expect([delay(0), delay(0.5), delay(0.999)]).toEqual([50, 75, expect.closeTo(99.95)]);
  });

  test('stays in its bounds without an injected chance', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 1e6 }),
        (attempt, initialMs, maxMs) => {
          const ms = backoffMs(attempt, { initialMs, maxMs });
          expect(ms).toBeGreaterThanOrEqual(Math.min(initialMs, maxMs) / 2);
          expect(ms).toBeLessThanOrEqual(maxMs);
        },
      ),
    );
  });
});
