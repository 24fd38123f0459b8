import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isNewer, newest, sortImages, tagPatternFor } from '../../src/policy/index.ts';
import { processorMs } from '../support/processor.ts';

const patternOf = (order: string, tag = 'glob:*') =>
  tagPatternFor(
    new Map([
      ['tag.web', tag],
      ['order.web', order],
    ]),
    'web',
  );
const imagesOf = (...tags: readonly string[]) => tags.map((tag) => ({ ref: `acme/web:${tag}`, tag }));

describe('tags are ordered by a part of them, newest first', () => {
  test.each<[string, string, readonly string[], readonly string[]]>([
    [
      'a number',
      'numeric:^main-[0-9a-f]+-(\\d+)$',
      ['main-abc-9', 'main-def-10', 'main-012-1', 'dev-abc-99', 'main-abc-x', '1.0'],
      ['main-def-10', 'main-abc-9', 'main-012-1'],
    ],
    ['a number without leading zeros', 'numeric:\\d+', ['b-010', 'b-9', 'b-0'], ['b-010', 'b-9', 'b-0']],
    ['the whole match without a group', 'numeric:\\d+$', ['r1', 'r3', 'r2'], ['r3', 'r2', 'r1']],
    ['the first of several groups', 'numeric:^(\\d+)-(\\d+)$', ['1-9', '2-0'], ['2-0', '1-9']],
    [
      'a number of any size that is written',
      'numeric:^\\d+$',
      ['9007199254740993', '9007199254740992'],
      ['9007199254740993', '9007199254740992'],
    ],
    [
      'text',
      'alphabetical:^RELEASE\\.(.*)Z$',
      ['RELEASE.2026-01-02Z', 'RELEASE.2026-02-01Z', 'other'],
      ['RELEASE.2026-02-01Z', 'RELEASE.2026-01-02Z'],
    ],
    ['text, not as numbers', 'alphabetical:.*', ['10', '9'], ['9', '10']],
    ['equal parts, by reference', 'numeric:^(\\d+)', ['5-a', '5-b'], ['5-b', '5-a']],
  ])('%s', (_, order, tags, expected) => {
    const pattern = patternOf(order);
    expect(pattern).toMatchObject({ valid: true, needsTimes: false });
    const sorted = sortImages(
      imagesOf(...tags).filter(({ tag }) => pattern.matches(tag)),
      pattern,
    );
    expect(sorted.map(({ tag }) => tag)).toEqual(expected);
    expect(newest(imagesOf(...tags), pattern)?.tag).toBe(expected[0]);
  });

  test('beside the tag pattern, which selects', () => {
    const pattern = patternOf('numeric:(\\d+)$', 'glob:main-*');
    expect(newest(imagesOf('main-1', 'main-2', 'dev-3', 'latest'), pattern)?.tag).toBe('main-2');
    expect(pattern.text).toBe('glob:main-* order numeric:(\\d+)$');
  });

  test('a tag is newer only if its part is', () => {
    const pattern = patternOf('numeric:^(\\d+)');
    const newer = (a: string, b: string) => {
      const [first, second] = imagesOf(a, b);
      return first && second && isNewer(first, second, pattern);
    };
    expect([newer('6-a', '5-b'), newer('5-b', '6-a'), newer('5-b', '5-a'), newer('5-a', '5-b')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    // The running tag is of another scheme.
    expect([newer('5-a', 'latest'), newer('latest', '5-a')]).toEqual([true, false]);
  });
});

test.each([
  ['', 'is neither numeric:REGEXP nor alphabetical:REGEXP'],
  ['semver:~1', 'is neither numeric:REGEXP nor alphabetical:REGEXP'],
  ['numeric:(', 'missing closing )'],
  ['numeric:(?=a)', 'invalid or unsupported Perl syntax'],
  [`numeric:${'a'.repeat(1025)}`, 'is longer than 1024 characters'],
  ['numeric:(a{100}){100}', 'compiles to more than 250 instructions'],
])('an order %j makes the pattern invalid, so that it matches nothing', (order, problem) => {
  const pattern = patternOf(order);
  expect(pattern.valid).toBe(false);
  expect(pattern.problem).toContain(problem);
  expect(newest(imagesOf('1', '2'), pattern)).toBeUndefined();
});

test('no text is parsed with an error, and no tag is read with one, in linear time', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('numeric:', 'alphabetical:', ''),
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      (prefix, text, tag) => {
        const pattern = patternOf(prefix + text);
        expect(typeof pattern.matches(tag)).toBe('boolean');
      },
    ),
    { numRuns: 2000 },
  );
  const slow = patternOf('numeric:^(?:a*)*(\\d+)$');
  expect(processorMs(() => slow.matches(`${'a'.repeat(100_000)}b`))).toBeLessThan(2_000);
});
