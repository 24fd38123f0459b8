import { expect, test } from 'vitest';
import { nanosecondsOf, parseImageTime } from '../../src/image/index.ts';

test.each([
  ['2024-02-29T10:11:12Z', Date.UTC(2024, 1, 29, 10, 11, 12)],
  ['2024-02-29T10:11:12.123456789Z', Date.UTC(2024, 1, 29, 10, 11, 12, 123)],
  ['2024-02-29t12:11:12.5+02:00', Date.UTC(2024, 1, 29, 10, 11, 12, 500)],
  ['1970-01-01T00:00:00Z', 0],
])('%s is a build time', (text, ms) => {
  expect(parseImageTime(text)).toBe(ms);
});

test.each([
  '',
  '20240101',
  '2024-01-01',
  '2024-01-01T00:00:00',
  '2023-02-29T00:00:00Z',
  '2024-13-01T00:00:00Z',
  '2024-01-01T25:00:00Z',
  '0001-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '9999-12-31T23:59:59Z',
  'yesterday',
  `2024-01-01T00:00:00.${'0'.repeat(1000)}Z`,
])('%s is none, and can never be the newest (S-054)', (text) => {
  expect(parseImageTime(text)).toBeUndefined();
});

test.each([
  ['2024-02-29T10:11:12Z', 0],
  ['2024-02-29T10:11:12.123Z', 0],
  ['2024-02-29T10:11:12.1234Z', 400_000],
  ['2024-02-29T10:11:12.123456789+02:00', 456_789],
  ['2024-02-29T10:11:12.123000001234Z', 1],
])('%s has %i nanoseconds beyond its millisecond', (text, ns) => {
  expect(nanosecondsOf(text)).toBe(ns);
});
