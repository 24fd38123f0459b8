import { describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/manifests/generation/config-file.ts';
import { parseDependsOn } from '../../../src/manifests/units/depends-on.ts';

const first = (path: string, healthy = false) => ({ path, healthy });
const EXPECTED = 'expected a path relative to the root of the repository, without ".."';

describe('the key of a config file', () => {
  const file = (dependsOn: unknown) => JSON.stringify({ version: 1, scanForFiles: {}, dependsOn });

  test.each<[string, unknown, unknown]>([
    ['no path', [], []],
    ['a path as text', ['infra'], [first('infra')]],
    ['a path in a map', [{ path: 'infra/db' }], [first('infra/db')]],
    ['a healthy one', ['infra', { path: 'db', healthy: true }], [first('infra'), first('db', true)]],
    ['slashes and dots too many', ['./infra//db/'], [first('infra/db')]],
    ['the root', ['.'], [first('')]],
    ['dots in a name', ['a..b', '...'], [first('a..b'), first('...')]],
  ])('%s', (_, written, expected) => {
    expect(parseConfigFile(file(written)).dependsOn).toEqual(expected);
  });

  test('it may be absent', () => {
    expect(parseConfigFile('version: 1\nscanForFiles: {}\n').dependsOn).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['text instead of a list', 'db', 'dependsOn: '],
    ['a number', [1], 'dependsOn.0: '],
    ['an empty path', [''], `dependsOn.0.path: ${EXPECTED}`],
    ['a path to above the root', ['db', '../db'], `dependsOn.1.path: ${EXPECTED}`],
    ['a path by way of above the root', ['a/../../db'], `dependsOn.0.path: ${EXPECTED}`],
    ['a path that returns', [{ path: 'a/..' }], `dependsOn.0.path: ${EXPECTED}`],
    ['an absolute path', ['/db'], `dependsOn.0.path: ${EXPECTED}`],
    ['a very long path', ['a'.repeat(5000)], `dependsOn.0.path: ${EXPECTED}`],
    ['a key too many', [{ path: 'db', wait: true }], 'wait'],
    ['health as text', [{ path: 'db', healthy: 'yes' }], 'dependsOn.0.healthy: '],
    ['too many', Array(101).fill('db'), 'dependsOn: expected at most 100 paths'],
  ])('%s is refused', (_, written, message) => {
    expect(() => parseConfigFile(file(written))).toThrow(message);
  });
});

describe('the annotation', () => {
  test.each<[string, unknown]>([
    ['infra', [first('infra')]],
    ['infra, db:healthy', [first('infra'), first('db', true)]],
    [' infra/net/ ,./db:healthy ', [first('infra/net'), first('db', true)]],
    ['.', [first('')]],
    ['.:healthy', [first('', true)]],
    ['a:b', [first('a:b')]],
  ])('%j', (text, expected) => {
    expect(parseDependsOn(text)).toEqual(expected);
  });

  test.each<[string, string]>([
    ['', `path 1: ${EXPECTED}`],
    ['infra,', `path 2: ${EXPECTED}`],
    [':healthy', `path 1: ${EXPECTED}`],
    ['infra, ../db, /x', `path 2: ${EXPECTED}; path 3: ${EXPECTED}`],
    [Array(101).fill('db').join(','), 'expected at most 100 paths'],
  ])('%j is refused', (text, message) => {
    expect(() => parseDependsOn(text)).toThrow(
      expect.objectContaining({
        code: 'generation/bad-depends-on',
        message: `cannot parse fluxcd.io/depends-on: ${message}`,
      }),
    );
  });
});
