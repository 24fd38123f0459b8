import { expect, test } from 'vitest';
import { remember } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

test('many questions are one, until the answer is old; a failure counts as an answer', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const answer = remember(() => (++asked === 2 ? Promise.reject(new Error('no')) : Promise.resolve(asked)), 1000, clock);
  expect(await Promise.all([answer(), answer()])).toEqual([1, 1]);
  clock.advance(1000);
  await expect(answer()).rejects.toThrow('no');
  await expect(answer()).rejects.toThrow('no');
  clock.advance(1000);
  expect(await answer()).toBe(3);
});
