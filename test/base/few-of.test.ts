import { expect, test } from 'vitest';
import { fewOf } from '../../src/base/index.ts';

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a, b'],
  [['a', 'b', 'c'], 'a, b and 1 more'],
  [['a', 'b', 'c', 'd'], 'a, b and 2 more'],
])('of %j, two are named: %j', (names, text) => {
  expect(fewOf(names, 2)).toBe(text);
});
