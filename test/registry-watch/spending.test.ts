import { expect, test } from 'vitest';
import { Spending, type Use } from '../../src/registry-watch/spending.ts';
import { FakeClock } from './fake-clock.ts';

const LIST: Use = { kind: 'tags', purpose: 'running' };

const left = (remaining: number) => ({
  status: 200,
  headers: { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': `${remaining};w=21600` },
});

/** Whether it has been settled by now. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  void work.then(() => {
    over = true;
  });
  await new Promise(setImmediate);
  return over;
}

test('of requests at once, the first of a kind goes alone, until an answer says whether it counts', async () => {
  const spending = new Spending('hub', new FakeClock());
  const [one, two, three] = [0, 1, 2].map(() => spending.acquire(LIST, { maxWaitMs: 1000 })) as [
    Promise<void>,
    Promise<void>,
    Promise<void>,
  ];
  const other = spending.acquire({ kind: 'manifest', purpose: 'now' }, { maxWaitMs: 1000 });
  await Promise.all([one, other]);
  expect(await isOver(two)).toBe(false);
  spending.answered(LIST, { status: 401, headers: {} });
  await two;
  expect(await isOver(three)).toBe(false);
  spending.answered(LIST, { status: 200, headers: {} });
  await three;
  await spending.acquire(LIST, { maxWaitMs: 1000 });
});

test('a first request that is given up, or must wait, leaves its place to the next', async () => {
  const clock = new FakeClock();
  const spending = new Spending('hub', clock);
  const manifest: Use = { kind: 'manifest', purpose: 'now' };
  await spending.acquire(manifest, { maxWaitMs: 1000 });
  spending.answered(manifest, left(0));
  await expect(spending.acquire(LIST, { maxWaitMs: 1000 })).rejects.toThrow('spread over its rate limit');
  clock.advance(21_600_000);
  const abort = new AbortController();
  await spending.acquire(LIST, { maxWaitMs: 1000 });
  const waiting = spending.acquire(LIST, { maxWaitMs: 1000, signal: abort.signal });
  abort.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  spending.answered(LIST, undefined);
  const asked: Use = { kind: 'tags', purpose: 'now' };
  await Promise.all([spending.acquire(asked, { maxWaitMs: 1000 }), spending.acquire(asked, { maxWaitMs: 1000 })]);
});

test('what a host does not count takes nothing from its budget, not even while it is on its way', async () => {
  const spending = new Spending('hub', new FakeClock());
  const list: Use = { kind: 'tags', purpose: 'now' };
  const manifest: Use = { kind: 'manifest', purpose: 'now' };
  const ask = async (use: Use, answer: Parameters<Spending['answered']>[1]) => {
    await spending.acquire(use, { maxWaitMs: 1000 });
    spending.answered(use, answer);
  };
  await ask(list, { status: 200, headers: {} });
  await ask(manifest, left(60));
  for (let n = 0; n < 5; n += 1) await spending.acquire(list, { maxWaitMs: 1000 });
  await spending.acquire(manifest, { maxWaitMs: 1000 });
  await ask(manifest, left(50));
  // One manifest is still on its way.
  expect(spending.budget?.remaining).toBe(49);
});

test.each<[string, Use]>([
  ['a person', { kind: 'manifest', purpose: 'now' }],
  ['metadata', { kind: 'manifest', purpose: 'other' }],
  ['a list', LIST],
  ['a page of a list that has begun', { ...LIST, requests: 4, isBegun: true }],
  ['a page that was not expected', { ...LIST, isBegun: true }],
])('an answer 401 gives back all that was charged for %s', async (_, use) => {
  const spending = new Spending('hub', new FakeClock());
  await spending.acquire(use, { maxWaitMs: 1000 });
  spending.answered(use, left(60));
  const before = spending.budget;
  await spending.acquire(use, { maxWaitMs: 1000 });
  spending.answered(use, { status: 401, headers: {} });
  expect(spending.budget).toEqual(before);
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
