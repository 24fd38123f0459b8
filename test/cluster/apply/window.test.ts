import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { createWindow, type Window } from '../../../src/cluster/apply/window.ts';
import { ManualClock } from '../../support/manual-clock.ts';

interface Server {
  /** Requests it works on at a time; more wait. */
  readonly parallel: number;
  readonly serviceMs: number;
  /** Refuses what comes while so many are under way. */
  readonly refuseAbove?: number;
}

const throttled = () => new FluxError('too many requests', { code: 'cluster/throttled' });

/** Sends requests through a window to a server that serves first come, first served; the window's size after each answer. */
async function simulate(count: number, server: Server, clock = new ManualClock(), window = newWindow(clock)) {
  const sizes: number[] = [];
  const free: number[] = Array.from({ length: server.parallel }, () => clock.now());
  const inFlight: { readonly at: number; readonly end: () => void }[] = [];
  let most = 0;
  let open = 0;
  const request = async () => {
    open += 1;
    most = Math.max(most, open);
    try {
      if (open > (server.refuseAbove ?? Number.POSITIVE_INFINITY)) throw throttled();
      free.sort((a, b) => a - b);
      const at = Math.max(free[0] ?? 0, clock.now()) + server.serviceMs;
      free[0] = at;
      await new Promise<void>((end) => inFlight.push({ at, end }));
    } finally {
      open -= 1;
    }
  };
  const all = Array.from({ length: count }, () =>
    window.run(request).then(
      () => sizes.push(window.limit),
      () => sizes.push(window.limit),
    ),
  );
  const started = clock.now();
  while (sizes.length < count) {
    inFlight.sort((a, b) => a.at - b.at);
    const next = inFlight.shift();
    if (next) {
      clock.advance(Math.max(0, next.at - clock.now()));
      next.end();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  return { sizes, most, elapsedMs: clock.now() - started, window };
}

function newWindow(clock: ManualClock, max = 64): Window {
  return createWindow({ clock, max });
}

describe('the size of the window', () => {
  test('is 24 within the first 100 requests, whatever the server', async () => {
    for (const parallel of [1, 2, 8, 500]) {
      const { sizes } = await simulate(100, { parallel, serviceMs: 10 });
      expect(Math.max(...sizes.slice(0, 60))).toBeGreaterThanOrEqual(24);
    }
  });

  test('grows to its maximum where more at once costs no latency', async () => {
    const { sizes, most } = await simulate(600, { parallel: 500, serviceMs: 10 });
    expect(sizes.at(-1)).toBe(64);
    expect(most).toBe(64);
  });

  test('stays near 24 where the server only lets more of them wait', async () => {
    const { sizes } = await simulate(2000, { parallel: 4, serviceMs: 5 });
    const late = sizes.slice(200);
    expect(late.filter((size) => size === 24).length / late.length).toBeGreaterThan(0.8);
    expect(Math.max(...late)).toBeLessThanOrEqual(30);
  });

  test('settles close to what the server can work on at a time', async () => {
    const { sizes } = await simulate(3000, { parallel: 40, serviceMs: 10 });
    const [low, high] = [Math.min(...sizes.slice(1000)), Math.max(...sizes.slice(1000))];
    expect(low).toBeGreaterThanOrEqual(30);
    expect(high).toBeLessThanOrEqual(60);
  });

  test('is halved at once by a refusal, and by one only of those that were sent together (R-003)', async () => {
    for (const code of ['cluster/throttled', 'cluster/unavailable', 'cluster/timeout', 'cluster/unreachable']) {
      const clock = new ManualClock();
      const { window } = await simulate(100, { parallel: 1, serviceMs: 10 }, clock);
      const before = window.limit;
      const refused = Array.from({ length: before }, () =>
        window.run(() => Promise.reject(new FluxError('no', { code }))).catch(() => undefined),
      );
      await Promise.all(refused);
      expect(window.limit).toBe(Math.floor(before / 2));
    }
  });

  test('is halved by a refusal that was tried again within its own request', async () => {
    const window = newWindow(new ManualClock());
    await window.run(async (refused) => refused(throttled()));
    expect(window.limit).toBe(8);
  });

  test('is not touched by an object that is refused for what it is', async () => {
    const window = newWindow(new ManualClock());
    for (const code of ['cluster/invalid', 'cluster/forbidden', 'cluster/conflict', 'cluster/not-found']) {
      await expect(window.run(() => Promise.reject(new FluxError('bad', { code })))).rejects.toMatchObject({ code });
    }
    expect(window.limit).toBe(16);
  });

  test('never falls below one, and grows again after the server has recovered', async () => {
    const clock = new ManualClock();
    const window = newWindow(clock);
    for (let n = 0; n < 20; n += 1) await window.run(() => Promise.reject(throttled())).catch(() => undefined);
    expect(window.limit).toBe(1);
    await simulate(1000, { parallel: 500, serviceMs: 10 }, clock, window);
    expect(window.limit).toBeGreaterThanOrEqual(24);
  });

  test('finds the level that a throttling server bears', async () => {
    const { sizes } = await simulate(2000, { parallel: 500, serviceMs: 10, refuseAbove: 20 });
    const late = sizes.slice(500);
    expect(Math.max(...late)).toBeLessThanOrEqual(26);
    expect(late.reduce((sum, size) => sum + size, 0) / late.length).toBeGreaterThan(8);
  });

  test('what was learned in one sync serves the next', async () => {
    const clock = new ManualClock();
    const { window } = await simulate(600, { parallel: 500, serviceMs: 10 }, clock);
    const { most } = await simulate(64, { parallel: 500, serviceMs: 10 }, clock, window);
    expect(most).toBe(64);
  });
});

test('requests start in the order in which they came, never more at a time than the maximum', async () => {
  const window = newWindow(new ManualClock(), 3);
  const started: number[] = [];
  let open = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      window.run(async () => {
        started.push(n);
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
      }),
    ),
  );
  expect(started).toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect(most).toBe(3);
});
