import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isNewer, newest, parseTagPattern, sortImages, type TaggedImage } from '../../src/policy/index.ts';

const image = (tag: string, createdAt?: number): TaggedImage => ({
  ref: `acme/web:${tag}`,
  tag,
  ...(createdAt === undefined ? {} : { createdAt }),
});
const tags = (images: readonly TaggedImage[]) => images.map(({ tag }) => tag);
const byTime = parseTagPattern('glob:*');
const byVersion = parseTagPattern('semver:*');

describe('newest first', () => {
  test.each([
    ['v1 1.10 3 1.2.30 1.10.0 bbb-not-semver aaa-not-semver', '3 1.10.0 1.10 1.2.30 v1 aaa-not-semver bbb-not-semver'],
    ['1 01.0.0 v1 1.0 v1.0.0 1.0.0', 'v1.0.0 v1 1.0.0 1.0 1 01.0.0'],
    ['2.0.0 2.0.0+build.5 2.0.0-rc.10 2.0.0-rc.9', '2.0.0+build.5 2.0.0 2.0.0-rc.10 2.0.0-rc.9'],
  ])('by version: %s', (given, expected) => {
    const images = given.split(' ').map((tag, index) => image(tag, index));
    expect(tags(sortImages(images, byVersion)).join(' ')).toBe(expected);
    expect(tags(sortImages(images.toReversed(), byVersion)).join(' ')).toBe(expected);
  });

  test('by time, to the nanosecond', () => {
    const at = (tag: string, createdNs: number) => ({ ...image(tag, 5), createdNs });
    const images = [at('a', 100), at('b', 999_999), image('c', 5), image('d', 6), image('e', 4)];
    expect(tags(sortImages(images, byTime))).toEqual(['d', 'b', 'a', 'c', 'e']);
    expect(newest(images.slice(0, 3), byTime)?.tag).toBe('b');
    expect([isNewer(at('b', 2), at('a', 1), byTime), isNewer(at('b', 1), at('a', 2), byTime)]).toEqual([true, false]);
  });

  test('leaves the given list alone', () => {
    const images = [image('a', 1), image('b', 2)];
    sortImages(images, byTime);
    expect(tags(images)).toEqual(['a', 'b']);
  });
});

describe('the newest wanted image', () => {
  test.each<[pattern: string, images: TaggedImage[], expected: string | undefined]>([
    ['glob:*', [image('latest', 9)], undefined],
    ['semver:nope', [image('1.0.0', 1)], undefined],
    ['glob:*', [], undefined],
  ])('by %s', (pattern, images, expected) => {
    expect(newest(images, parseTagPattern(pattern))?.tag).toBe(expected);
  });

  test('is the first of the filtered and sorted ones', () => {
    const tag = fc.constantFrom('1', '1.0', '1.0.0', 'v1', '2-rc', 'main', 'latest', '0.9', 'a', 'b');
    const images = fc.array(fc.tuple(tag, fc.option(fc.nat(3), { nil: undefined })).map(([name, time]) => image(name, time)));
    fc.assert(
      fc.property(images, fc.constantFrom('*', 'semver:*', 'semver:~1', 'regexp:1'), (list, text) => {
        const pattern = parseTagPattern(text);
        const [first] = sortImages(
          list.filter(({ tag }) => pattern.matches(tag)),
          pattern,
        );
        expect(newest(list, pattern)?.ref).toBe(first?.ref);
        if (first) expect(list.some((other) => pattern.matches(other.tag) && isNewer(other, first, pattern))).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

test.each<[a: TaggedImage, b: TaggedImage, pattern: string, expected: boolean]>([
  [image('a', 2), image('b', 1), 'glob:*', true],
  [image('a', 1), image('b', 2), 'glob:*', false],
  [image('a', 1), image('b', 1), 'glob:*', true],
  [image('b', 1), image('a', 1), 'glob:*', false],
  [image('a', 1), image('b'), 'glob:*', false],
  [image('a'), image('b', 1), 'regexp:.', false],
  [image('1.10'), image('1.9'), 'semver:*', true],
  [image('1.10.0'), image('1.10'), 'semver:*', true],
  [image('1.10'), image('1.10'), 'semver:*', false],
  [image('1.0'), image('main'), 'semver:*', true],
  [image('main'), image('1.0'), 'semver:*', false],
])('whether %j is newer than %j by %s: %s', (a, b, pattern, expected) => {
  expect(isNewer(a, b, parseTagPattern(pattern))).toBe(expected);
});
