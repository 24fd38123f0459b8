import fc from 'fast-check';
import semver from 'semver';
import { describe, expect, test } from 'vitest';
import { parseTagPattern, sortImages } from '../../src/policy/index.ts';

const wants = (constraint: string, tag: string) => parseTagPattern(`semver:${constraint}`).matches(tag);

describe('version constraints', () => {
  test.each<[constraint: string, yes: string, no: string]>([
    ['*', '0.0.0 1 v2.3 20240101', '3.1.4-beta.2 main release-1.4.2 1.0.0.0 V3.0.0 latest'],
    ['1.2.3', '1.2.3 v1.2.3 1.2.3+b', '1.2.4 1.2.3-rc.1'],
    ['=1.2.3', '1.2.3', '1.2.2'],
    ['1.2', '1.2 1.2.0 1.2.9', '1.3.0 1.1.9'],
    ['1.2.x', '1.2.0 1.2.9', '1.3.0'],
    ['=1.2', '1.2.7', '1.3.0'],
    ['~1.2.3', '1.2.3 1.2.9', '1.2.2 1.3.0'],
    ['~1', '1.0.0 1.9.9', '2.0.0 1.1.0-rc.1'],
    ['~1.x', '1.0.0 1.9.9', '2.0.0'],
    ['~2', 'v2 2 2.5 2.5.9', '3.0.0'],
    ['~>1.2', '1.2.9', '1.3.0'],
    ['1', '1.0.0 1.9.9', '2.0.0 0.9.9'],
    ['x', '5 0.1', 'a'],
    ['1.x.3', '1.0.0 1.9.1', '2.0.0'],
    ['^1.2.3', '1.2.3 1.9.0', '2.0.0 1.2.2'],
    ['^0.2.3', '0.2.3 0.2.9', '0.3.0 0.2.2'],
    ['^0.3.1', '0.3.5', '0.4.0'],
    ['^0.0.3', '0.0.3', '0.0.4 0.0.2'],
    ['^0.0', '0.0.0 0.0.9', '0.1.0'],
    ['^0', '0.0.0 0.9.9', '1.0.0'],
    ['^*', '0.0.0 9.9.9', ''],
    ['~0.0.0', '0.0.0 9.9.9', ''],
    ['>11', '12 13.1', '11 11.5.1'],
    ['>11.1', '11.2 12', '11.1.9 11.1'],
    ['>1.2.3', '1.2.4 2', '1.2.3'],
    ['<=11', '11 11.9.9 3', '12'],
    ['<=11.1', '11.1.9 11.0', '11.2'],
    ['=<1.2.3', '1.2.3', '1.2.4'],
    ['=>1.2.3', '1.2.3', '1.2.2'],
    ['<2', '1.9.9', '2.0.0 2.1'],
    ['!=1.2.x', '1.3.0 2', '1.2.0 1.2.9 1.3.0-rc.1'],
    ['!=1.0.0', '1.2.3 1.2.3-rc.1', '1.0.0 v1'],
    ['>=1.2 <1.4', '1.2.0 1.3.8', '1.1.9 1.4.0'],
    ['>=1.2, <1.4', '1.2.0 1.3.8', '1.1.9 1.4.0'],
    ['>=1.2,<1.4,', '1.2.0', '1.4.0'],
    [' >=1.0, <2', '1.5', '2'],
    ['>= 1.0 < 2', '1.5', '2'],
    ['1.0.0 - 2.0.0', '1.0.0 2.0.0 2.0.0+build.5', '2.0.1 0.9'],
    ['1 - 2', '1.0.0 2.9.9', '3 0.9'],
    ['1.0 - 1.4 || 3 - 4', '1.4.9 3.0 4.9', '2 5'],
    ['~1 || ~3', '1.5 3.5', '2.0'],
    ['>=1.0.0-0', '1.0.0-rc.1 1.0.0 2.1.0-a', '0.9.0'],
    ['>=1.0.0-rc.0, <1.0.1', '1.0.0', '1.0.0-rc.1'],
    ['^1.0.0-beta', '1.0.0-beta.2 1.5.0 1.5.0-x', '1.0.0-alpha 2.0.0'],
    ['>=20240101', '20250101', '20240102-aaa1 20231231'],
    ['>=01.0.0', '1.0.0 01.2', '0.9'],
    ['>99999999999999999998', '99999999999999999999', '99999999999999999998 5'],
  ])('%s', (constraint, yes, no) => {
    const split = (tags: string) => tags.split(' ').filter(Boolean);
    expect(split(yes).filter((tag) => !wants(constraint, tag))).toEqual([]);
    expect(split(no).filter((tag) => wants(constraint, tag))).toEqual([]);
  });

  test.each([
    '',
    ' ',
    'nope',
    'not a range',
    '^1.x.x.x',
    '1.2.3.4',
    '>',
    '>>1',
    '1,,2',
    ',1',
    '1 |2',
    '1||',
    '||1',
    '1x',
    '1.2.3*',
    '>1 - 2',
    '1.0.0-01',
    '1.2-',
    'V1',
    '1 - x y',
    '1;2',
  ])('%j is none, so it matches no tag at all (S-030)', (constraint) => {
    const pattern = parseTagPattern(`semver:${constraint}`);
    expect(pattern).toMatchObject({ valid: false, problem: 'is not a version constraint' });
    expect(['1.0.0', '1', 'main', ''].filter((tag) => pattern.matches(tag))).toEqual([]);
  });
});

describe('against the reference implementation of semver.org', () => {
  const number = fc.nat({ max: 12 });
  const identifier = fc.oneof(fc.nat({ max: 20 }).map(String), fc.constantFrom('a', 'rc', 'beta-1', 'x0', '0a'));
  const version = fc
    .tuple(number, number, number, fc.array(identifier, { maxLength: 3 }))
    .map(([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre.length > 0 ? `-${pre.join('.')}` : ''}`);

  test('versions are ordered the same', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const [first] = sortImages(
          [
            { ref: `x:${a}`, tag: a },
            { ref: `x:${b}`, tag: b },
          ],
          { order: { by: 'version' } },
        );
        expect(semver.compare(first?.tag ?? '', first?.tag === a ? b : a)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('releases satisfy the same plain, tilde and caret comparators', () => {
    const release = fc.tuple(number, number, number).map((parts) => parts.join('.'));
    // The one known difference: ~0.0.0 accepts everything here.
    const bound = fc
      .tuple(
        fc.constantFrom('', '=', '>', '<', '>=', '<=', '~', '^'),
        fc.tuple(number, number, number),
        fc.integer({ min: 1, max: 3 }),
      )
      .map(([operator, parts, given]) => `${operator}${parts.slice(0, given).join('.')}`)
      .filter((text) => text !== '~0.0.0');
    fc.assert(
      fc.property(release, bound, (tag, constraint) => {
        expect(wants(constraint, tag)).toBe(semver.satisfies(tag, constraint));
      }),
      { numRuns: 3000 },
    );
  });
});
