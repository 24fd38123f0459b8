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
  ['shop/cart.yaml:2', 'shop/cart.yaml:2.'],
  ['a829ae6 by Jane', 'a829ae6 by Jane.'],
  ['tag.cart: semver:~1', 'tag.cart: semver:~1.'],
  ['automated, tag.cart', 'Automated, tag.cart.'],
  ['malformed YAML: x', 'Malformed YAML: x.'],
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
