import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchGlob } from '../../src/base/index.ts';
import { processorMs } from '../support/processor.ts';

describe('a glob', () => {
  test.each<[pattern: string, text: string, matches: boolean]>([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything/at all\nhere', true],
    ['**', '', true],
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', 'ab', false],
    ['a', 'ba', false],
    ['a*', 'a', true],
    ['*a', 'ba', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['*ab*ab*', 'ab', false],
    ['*ab*ab*', 'abab', true],
    ['*aa*a', 'aa', false],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'a1c2b', false],
    ['a*bc', 'abcbc', true],
    ['k8s.gcr.io/*', 'k8s.gcr.io/a/b', true],
    ['k8s.gcr.io/*', 'k8sXgcr.io/a', false],
    ['a?c', 'abc', false],
    ['a?c', 'a?c', true],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['a\\*', 'a*', false],
    ['a\\*', 'a\\b', true],
    ['.*', 'x', false],
    ['^a$', 'a', false],
  ])('%j on %j: %s', (pattern, text, matches) => {
    expect(matchGlob(pattern, text)).toBe(matches);
  });

  test('agrees with the naive matcher', () => {
    const over = (...letters: readonly string[]) =>
      fc.array(fc.constantFrom(...letters), { maxLength: 9 }).map((list) => list.join(''));
    fc.assert(
      fc.property(over('a', 'b', '*'), over('a', 'b', '*'), (pattern, text) => {
        expect(matchGlob(pattern, text)).toBe(naive(pattern, text));
      }),
      { numRuns: 2000 },
    );
  });

  test('every text matches itself with any of its parts starred', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (parts) => {
        expect(matchGlob(parts.join('*'), parts.join('-any/\n-'))).toBe(true);
      }),
    );
  });

  // A matcher that backtracks takes years for these. The bound is far above what a slow machine needs.
  test.each<[string, string, string]>([
    ['many stars that almost match', `${'a*'.repeat(20_000)}b`, 'a'.repeat(40_000)],
    ['stars around letters, missing the last', `*${'a*'.repeat(20_000)}c*`, 'ab'.repeat(40_000)],
    ['only stars', '*'.repeat(100_000), 'a'.repeat(100_000)],
    ['a long part that fails at its first letter', `*b${'a'.repeat(50_000)}*`, 'a'.repeat(100_000)],
    ['a long part that fails at its last letter', `*${'a'.repeat(50_000)}b*`, 'a'.repeat(100_000)],
    ['a long part that fails in the middle', `*${'a'.repeat(25_000)}b${'a'.repeat(25_000)}*`, 'a'.repeat(100_000)],
  ])('costs nothing on hostile input: %s', (what, pattern, text) => {
    const took = processorMs(() => expect(matchGlob(pattern, text)).toBe(what === 'only stars'));
    expect(took).toBeLessThan(5000);
  });
});

/** The definition, letter by letter. */
function naive(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)));
  return text !== '' && pattern[0] === text[0] && naive(pattern.slice(1), text.slice(1));
}
