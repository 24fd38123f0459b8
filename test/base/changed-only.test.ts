import { expect, test } from 'vitest';
import { createChangedOnly } from '../../src/base/index.ts';

test('the same message about a subject is a change once, and again after it was well or another one came', () => {
  const changedOnly = createChangedOnly(new Map([['a', 'known from the start']]));
  expect(changedOnly.hasChanged('a', 'known from the start')).toBe(false);
  expect(changedOnly.hasChanged('a', 'down')).toBe(true);
  expect(changedOnly.hasChanged('a', 'down')).toBe(false);
  expect(changedOnly.hasChanged('b', 'down')).toBe(true);
  changedOnly.recovered('a');
  expect(changedOnly.hasChanged('a', 'down')).toBe(true);
  expect(changedOnly.hasChanged('b', 'down')).toBe(false);
});
