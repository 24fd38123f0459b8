import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs, type RetryOptions, retry } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

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

describe('retrying', () => {
  const options = (clock: ManualClock, more: Partial<RetryOptions> = {}): RetryOptions => ({
    clock,
    attempts: 4,
    initialMs: 100,
    maxMs: 250,
    random: () => 1,
    isRetryable: () => true,
    ...more,
  });

  test('what succeeds at once is done once, without a pause', async () => {
    const clock = new ManualClock();
    const attempts: number[] = [];
    const done = await retry(async (attempt) => {
      attempts.push(attempt);
      return 'ok';
    }, options(clock));
    expect([done, attempts, clock.sleeping]).toEqual(['ok', [0], 0]);
  });

  test('tries again after the backoff, and no sooner', async () => {
    const clock = new ManualClock();
    const attempts: number[] = [];
    const done = retry(async (attempt) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error(`no ${attempt}`);
      return 'ok';
    }, options(clock));
    const pauses = [100, 200, 250];
    for (const [failed, pause] of pauses.entries()) {
      await turn();
      expect(attempts).toHaveLength(failed + 1);
      clock.advance(pause - 1);
      await turn();
      expect(attempts).toHaveLength(failed + 1);
      clock.advance(1);
    }
    expect(await done).toBe('ok');
    expect(attempts).toEqual([0, 1, 2, 3]);
  });

  test('gives up with the last error, without a pause after it', async () => {
    const clock = new ManualClock();
    let tries = 0;
    const done = retry(
      async (attempt) => {
        tries += 1;
        throw new Error(`no ${attempt}`);
      },
      options(clock, { attempts: 2 }),
    );
    const failed = expect(done).rejects.toThrow('no 1');
    await turn();
    clock.advance(100);
    await failed;
    expect([tries, clock.sleeping]).toEqual([2, 0]);
  });

  test('an error that is final is thrown at once', async () => {
    const clock = new ManualClock();
    const final = new Error('forbidden');
    const work = async () => {
      throw final;
    };
    await expect(retry(work, options(clock, { isRetryable: (error) => error !== final }))).rejects.toBe(final);
    expect(clock.sleeping).toBe(0);
  });

  test('an abort during the pause ends it with the reason', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    let tries = 0;
    const done = retry(
      async () => {
        tries += 1;
        throw new Error('no');
      },
      options(clock, { signal: stop.signal }),
    );
    const reason = new Error('stopping');
    const failed = expect(done).rejects.toBe(reason);
    await turn();
    stop.abort(reason);
    await failed;
    expect([tries, clock.sleeping]).toEqual([1, 0]);
  });

  test('work that fails because of the abort is not tried again', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const failure = new Error('cut off');
    const work = async () => {
      stop.abort();
      throw failure;
    };
    await expect(retry(work, options(clock, { signal: stop.signal }))).rejects.toBe(failure);
  });
});
