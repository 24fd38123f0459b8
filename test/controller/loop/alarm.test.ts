import { expect, test } from 'vitest';
import { createAlarm } from '../../../src/controller/loop/alarm.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const MINUTE = 60_000;

test.each<[string, readonly number[], readonly number[]]>([
  ['at its time', [5], [5]],
  ['once at the earliest of several times', [90, 5, 30], [5]],
  ['once for the same time', [5, 5], [5]],
  ['at once for a time that is over', [-1], [0]],
  ['never for a time that never comes', [Number.POSITIVE_INFINITY], []],
])('rings %s', async (_, times, expected) => {
  const clock = new ManualClock();
  const start = clock.now();
  const rung: number[] = [];
  const alarm = createAlarm(clock, () => rung.push((clock.now() - start) / MINUTE), new AbortController().signal);
  for (const time of times) alarm(start + time * MINUTE);
  for (let minute = 0; minute < 200; minute += 1) await clock.advance(MINUTE);
  expect(rung).toEqual(expected);
});

test('can be set again, and ends with its signal', async () => {
  const clock = new ManualClock();
  let rung = 0;
  const ending = new AbortController();
  const ring = () => {
    rung += 1;
  };
  const alarm = createAlarm(clock, ring, ending.signal);
  for (let round = 1; round <= 2; round += 1) {
    alarm(clock.now() + MINUTE);
    await clock.advance(MINUTE);
    expect(rung).toBe(round);
  }
  alarm(clock.now() + MINUTE);
  ending.abort();
  await clock.advance(2 * MINUTE);
  alarm(clock.now());
  await clock.advance(MINUTE);
  expect(rung).toBe(2);
});
