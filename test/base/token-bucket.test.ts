import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

test('a burst is free, and each further token waits for its turn', () => {
  const bucket = new TokenBucket(new ManualClock(), 3);
  expect(Array.from({ length: 6 }, () => bucket.take(2))).toEqual([0, 0, 0, 500, 1_000, 1_500]);
});

test('a pause fills the bucket again, up to its burst', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, 3);
  for (let i = 0; i < 5; i += 1) bucket.take(2);
  clock.advance(1_500);
  expect([bucket.take(2), bucket.take(2)]).toEqual([0, 500]);
  clock.advance(60_000);
  expect([bucket.take(2), bucket.take(2), bucket.take(2), bucket.take(2)]).toEqual([0, 0, 0, 500]);
});

test('a lower rate counts from the last token on', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, 1);
  bucket.take(2);
  clock.advance(1_000);
  expect(bucket.take(0.5)).toBe(1_000);
});
