import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { begin, rfc3339, systemClock, timeOfDay, withDeadline } from '../../src/base/index.ts';

describe('the system clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('tells milliseconds since the epoch', () => {
    expect(systemClock.now()).toBe(1_893_456_000_000);
    vi.advanceTimersByTime(1500);
    expect(systemClock.now()).toBe(1_893_456_001_500);
  });

  test('sleeps as long as asked and not longer', async () => {
    let awake = false;
    const sleep = systemClock.sleep(5000).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(4999);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(awake).toBe(true);
    await sleep;
  });

  test('a sleep that is aborted ends at once with the reason and leaves no timer', async () => {
    const { signal, abort } = controller();
    const sleep = systemClock.sleep(5000, { signal });
    const reason = new Error('stopping');
    abort(reason);
    await expect(sleep).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a sleep under a signal that is aborted already never starts', async () => {
    const reason = new Error('stopped');
    await expect(systemClock.sleep(5000, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('sleeps under one long-lived signal leave no listeners behind', async () => {
    const { signal } = controller();
    const sleeps = [1, 2, 3].map((ms) => systemClock.sleep(ms, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(3);
    await Promise.all(sleeps);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('a sleep longer than a timer of Node can hold does not end at once', async () => {
    const { signal, abort } = controller();
    let awake = false;
    const sleep = systemClock.sleep(1e12, { signal }).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(awake).toBe(false);
    abort(new Error('enough'));
    await expect(sleep).rejects.toThrow('enough');
  });
});

describe('a deadline', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('aborts with a TimeoutError when its time is over, and not before', () => {
    const { signal } = withDeadline(5000);
    vi.advanceTimersByTime(4999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect((signal.reason as Error).name).toBe('TimeoutError');
  });

  test('aborts with its parent, for the reason of the parent, and leaves no timer', () => {
    const { signal, abort } = controller();
    const bounded = withDeadline(60_000, signal);
    expect(bounded.signal.aborted).toBe(false);
    const reason = new Error('stopping');
    abort(reason);
    expect(bounded.signal.reason).toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('under a parent that is aborted already has passed', () => {
    const reason = new Error('stopped');
    expect(withDeadline(60_000, AbortSignal.abort(reason)).signal.reason).toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('passes before a parent that lasts, and lets go of it', () => {
    const { signal } = controller();
    const bounded = withDeadline(1, signal);
    vi.advanceTimersByTime(1);
    expect(signal.aborted).toBe(false);
    expect((bounded.signal.reason as Error).name).toBe('TimeoutError');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('that is disposed of leaves no timer, nothing in its parent, and aborts no more', () => {
    const { signal, abort } = controller();
    const bounded = withDeadline(5000, signal);
    bounded[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    abort(new Error('stopping'));
    expect(bounded.signal.aborted).toBe(false);
  });

  test.each([0, -5, 0.25, 1.001])('of %d ms passes soon', (ms) => {
    const { signal } = withDeadline(ms);
    vi.advanceTimersByTime(2);
    expect(signal.aborted).toBe(true);
  });

  test.each([2 ** 31, 2 ** 32 + 7, 1e13, Number.POSITIVE_INFINITY])(
    'of %d ms, longer than a timer of Node can hold, does not pass at once',
    async (ms) => {
      vi.useRealTimers();
      const long = withDeadline(ms);
      const short = withDeadline(20);
      // A timer that overflowed fires after 1 ms, so before this one. Deadlines keep no process alive.
      const alive = setTimeout(() => undefined, 60_000);
      await new Promise((resolve) => short.signal.addEventListener('abort', resolve));
      clearTimeout(alive);
      expect(long.signal.aborted).toBe(false);
    },
  );
});

describe('RFC 3339', () => {
  test.each([
    [0, '1970-01-01T00:00:00Z'],
    [1_893_456_000_000, '2030-01-01T00:00:00Z'],
    [1_893_456_000_001, '2030-01-01T00:00:00Z'],
    [1_893_456_000_999, '2030-01-01T00:00:00Z'],
    [-1000, '1969-12-31T23:59:59Z'],
  ])('%d ms is %s, in whole seconds', (ms, text) => {
    expect(rfc3339(ms)).toBe(text);
  });
});

function controller(): { readonly signal: AbortSignal; readonly abort: (reason: Error) => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: (reason) => made.abort(reason) };
}

test('moments of the monotonic clock, which has fractions, are shown in whole milliseconds', () => {
  let monotonic = 0.4;
  const clock = { ...systemClock, now: () => 1_893_456_000_000, monotonic: () => monotonic };
  const { startedAt, ended } = begin(clock);
  monotonic = 104.47373046875;
  expect(ended() - startedAt).toBe(104);
  expect(timeOfDay(clock, 204.6)).toBe(1_893_456_000_100);
});
