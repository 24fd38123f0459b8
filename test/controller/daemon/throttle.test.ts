import { beforeEach, expect, test } from 'vitest';
import { Throttle } from '../../../src/controller/daemon/throttle.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

let clock: ManualClock;
let throttle: Throttle;
let ran: string[];
beforeEach(() => {
  clock = new ManualClock();
  throttle = new Throttle(clock, 500);
  ran = [];
});
const ask = (name: string, what = name) => throttle.run(name, () => ran.push(what));

test('the first question is answered at once', () => {
  ask('git');
  expect(ran).toEqual(['git']);
});

test('however often it is asked meanwhile, it runs once more, after the pause, as it was asked last', async () => {
  for (let n = 0; n < 1000; n++) ask('git', `git ${n}`);
  expect(ran).toEqual(['git 0']);
  clock.advance(499);
  await until('nothing moves', () => clock.sleeping === 1);
  expect(ran).toEqual(['git 0']);
  clock.advance(1);
  await until('it ran again', () => ran.length === 2);
  expect(ran).toEqual(['git 0', 'git 999']);
  clock.advance(500);
  await until('it rests', () => clock.sleeping === 0);
  expect(ran).toHaveLength(2);
  ask('git', 'later');
  expect(ran.at(-1)).toBe('later');
});

test('names do not hold each other up, and a name that rests is forgotten', async () => {
  ask('a');
  ask('b');
  expect(ran).toEqual(['a', 'b']);
  clock.advance(500);
  await until('both rest', () => clock.sleeping === 0);
  ask('a');
  expect(ran).toEqual(['a', 'b', 'a']);
});
