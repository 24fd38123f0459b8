import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minAgeFor, NO_MIN_AGE, parseMinAge } from '../../src/policy/index.ts';

const HOUR = 3_600_000;

test.each<[string, number]>([
  ['72h', 72 * HOUR],
  ['1h30m', 1.5 * HOUR],
  ['3d', 72 * HOUR],
  ['1d12h', 36 * HOUR],
  [' 3d ', 72 * HOUR],
  ['0', 0],
  ['0s', 0],
  ['3650d', 87_600 * HOUR],
])('%j is an age', (text, ms) => {
  expect(parseMinAge(text)).toEqual({ text, ms });
});

test.each<[string, string]>([
  ['', 'is not a duration such as 72h, 90m or 3d'],
  ['three days', 'is not a duration such as 72h, 90m or 3d'],
  ['3', 'is not a duration such as 72h, 90m or 3d'],
  ['d', 'is not a duration such as 72h, 90m or 3d'],
  ['3d3d', 'is not a duration such as 72h, 90m or 3d'],
  ['3w', 'is not a duration such as 72h, 90m or 3d'],
  ['-1h', 'is negative'],
  ['1d-2h', 'is negative'],
  ['3651d', 'is longer than ten years'],
  ['99999d', 'is longer than ten years'],
])('%j is not', (text, problem) => {
  expect(parseMinAge(text)).toEqual({ text, ms: 0, problem });
});

test('any text is an age or has a problem', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { ms, problem } = parseMinAge(text);
      expect(ms).toBeGreaterThanOrEqual(0);
      if (problem !== undefined) expect(ms).toBe(0);
    }),
  );
});

test('the container comes before the workload, and that before the flag', () => {
  const of = (policies: Record<string, string>) => minAgeFor(new Map(Object.entries(policies)), 'web', parseMinAge('9h')).text;
  expect(of({ 'min-age.web': '1h', 'min-age': '2h' })).toBe('1h');
  expect(of({ 'min-age.log': '1h', 'min-age': '2h' })).toBe('2h');
  expect(of({ 'min-age.log': '1h' })).toBe('9h');
  expect(minAgeFor(new Map(), 'web', NO_MIN_AGE).ms).toBe(0);
});
