import { expect, test } from 'vitest';
import { exponent, slope } from '../../bench/fit.ts';

const points = (cost: (size: number) => number) => [500, 1000, 5000, 20_000].map((size) => ({ size, cost: cost(size) }));

test('the exponent tells linear growth from quadratic, and a part that is paid once draws it down', () => {
  expect(exponent(points((size) => 3 * size))).toBeCloseTo(1);
  expect(exponent(points((size) => size ** 2))).toBeCloseTo(2);
  expect(exponent(points((size) => 1000 + size))).toBeLessThan(1);
});

test('the slope is what each further object costs', () => {
  expect(slope(points((size) => 1000 + 3 * size))).toBeCloseTo(3);
});
