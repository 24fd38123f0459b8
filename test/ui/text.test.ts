import { expect, test } from 'vitest';
import { relativeTime } from '../../ui/text/relative-time.ts';
import { plural, sentence } from '../../ui/text/sentence.ts';

test.each([
  ['denied by policy', 'Denied by policy.'],
  ['denied by policy.', 'Denied by policy.'],
  ['is it?', 'Is it?'],
  [' spaces ', 'Spaces.'],
  ['fluxctl gc lists it', 'fluxctl gc lists it.'],
  ['fluxd: gone', 'fluxd: gone.'],
  ['fluxes', 'Fluxes.'],
  ['', '.'],
])('%j is the sentence %j', (clause, text) => {
  expect(sentence(clause)).toBe(text);
});

test.each([
  [0, 'just now'],
  [-59_000, 'just now'],
  [30_000, 'in less than a minute'],
  [-60_000, '1 minute ago'],
  [-3_599_000, '59 minutes ago'],
  [-3_600_000, '1 hour ago'],
  [7_300_000, 'in 2 hours'],
  [-86_400_000, '1 day ago'],
  [-40 * 86_400_000, '40 days ago'],
])('%d ms from now is %j', (ms, text) => {
  expect(relativeTime(1e12 + ms, 1e12)).toBe(text);
});

test.each([
  [0, '0 objects'],
  [1, '1 object'],
  [12_345, '12,345 objects'],
])('%d of them are %j', (count, text) => {
  expect(plural(count, 'object')).toBe(text);
});
