import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { rfc3339, systemClock, withDeadline } from '../../src/base/index.ts';

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
  test('aborts with a TimeoutError', async () => {
    const signal = withDeadline(1);
    await aborted(signal);
    expect((signal.reason as Error).name).toBe('TimeoutError');
  });

  test('aborts with its parent, for the reason of the parent', () => {
    const { signal, abort } = controller();
    const bounded = withDeadline(60_000, signal);
    expect(bounded.aborted).toBe(false);
    const reason = new Error('stopping');
    abort(reason);
    expect(bounded.reason).toBe(reason);
  });

  test('passes before a parent that lasts', async () => {
    const { signal } = controller();
    const bounded = withDeadline(1, signal);
    await aborted(bounded);
    expect(signal.aborted).toBe(false);
    expect((bounded.reason as Error).name).toBe('TimeoutError');
  });

  test('passes although nobody listens to it and memory is cleaned up meanwhile', async () => {
    const { signal } = controller();
    const polled = withDeadline(30, signal);
    const late = withDeadline(30, signal);
    for (let count = 0; count < 3; count += 1) {
      collectGarbage();
      await turn();
    }
    // Made last, so it passes last.
    await Promise.all([aborted(late), aborted(withDeadline(40))]);
    expect(polled.aborted).toBe(true);
  }, 5000);

  test.each([0, -5, 0.25, 1.001])('of %d ms passes soon', async (ms) => {
    await aborted(withDeadline(ms));
  });

  test.each([2 ** 31, 2 ** 32 + 7, 1e13, Number.POSITIVE_INFINITY])(
    'of %d ms, longer than a timer of Node can hold, does not pass at once',
    async (ms) => {
      const signal = withDeadline(ms);
      // A timer that overflowed fires after 1 ms, so before this one.
      await aborted(withDeadline(20));
      expect(signal.aborted).toBe(false);
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

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

function controller(): { readonly signal: AbortSignal; readonly abort: (reason: Error) => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: (reason) => made.abort(reason) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
