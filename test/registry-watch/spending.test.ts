import { expect, test } from 'vitest';
import { Spending, type Use } from '../../src/registry-watch/spending.ts';
import { FakeClock } from './fake-clock.ts';

const LIST: Use = { kind: 'tags', purpose: 'running' };

const left = (remaining: number) => ({
  status: 200,
  headers: { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': `${remaining};w=21600` },
});

test('a request for a token takes no turn from the one with the token, however short tokens live', async () => {
  const clock = new FakeClock();
  const spending = new Spending('hub', clock);
  let remaining = 100;
  let lists = 0;
  for (let n = 0; n < 48; n += 1) {
    clock.advance(spending.waitFor(LIST) + 1);
    await spending.acquire(LIST, { maxWaitMs: 1000 });
    spending.answered(LIST, { status: 401, headers: {} });
    await spending.acquire(LIST, { maxWaitMs: 1000 });
    remaining = Math.max(remaining - 1, 60);
    spending.answered(LIST, left(remaining));
    lists += 1;
  }
  expect(lists).toBe(48);
});
