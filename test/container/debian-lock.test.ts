import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEBIAN } from '../../container/contents.ts';
import { parseDebianLock } from '../../container/debian-lock.ts';
import { parsePlaces } from '../../container/refresh.ts';

const PACKAGE = {
  name: 'git',
  version: '1:2.47.3',
  url: 'http://deb.debian.org/debian/pool/main/g/git/git.deb',
  size: 7,
  sha256: 'a'.repeat(64),
};
const CREATED = '2026-11-26T00:00:00.000Z';
const lockOf = (lock: unknown) => parseDebianLock(JSON.stringify(lock), 'debian.lock.json');

describe('the lock of Debian packages', () => {
  test('as committed holds every package that contents.ts names, and none that it leaves out', () => {
    const { packages } = parseDebianLock(readFileSync('container/debian.lock.json', 'utf8'), 'debian.lock.json');
    const names = packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.values(DEBIAN.packages).flat()));
    expect(names.filter((name) => name in DEBIAN.without)).toEqual([]);
  });

  test('is read', () => {
    expect(lockOf({ created: CREATED, packages: [PACKAGE] })).toEqual({ created: CREATED, packages: [PACKAGE] });
  });

  test.each([
    ['no JSON', '{', /debian\.lock\.json: .*JSON/],
    ['no packages', { created: CREATED, packages: [] }, /debian\.lock\.json: .*packages/s],
    ['a short hash', { created: CREATED, packages: [{ ...PACKAGE, sha256: 'abc' }] }, /sha256/],
    ['an unknown field', { created: CREATED, packages: [{ ...PACKAGE, md5: '' }] }, /md5/],
    ['a package twice', { created: CREATED, packages: [PACKAGE, PACKAGE] }, /git is there twice/],
    ['no time', { packages: [PACKAGE] }, /created/],
  ])('with %s is refused by name', (_, lock, message) => {
    expect(() => (typeof lock === 'string' ? parseDebianLock(lock, 'debian.lock.json') : lockOf(lock))).toThrow(message);
  });
});

test('places are read as apt prints them, epochs included', () => {
  const hash = 'b'.repeat(64);
  const printed = `'http://deb.debian.org/debian/pool/main/g/git/git_2.47.3-0%2bdeb13u1_amd64.deb' git_1%3a2.47.3-0+deb13u1_amd64.deb 8861572 SHA256:${hash}\n`;
  expect([...parsePlaces(`Reading...\n${printed}`)]).toEqual([
    [
      'git 1:2.47.3-0+deb13u1',
      { url: 'http://deb.debian.org/debian/pool/main/g/git/git_2.47.3-0%2bdeb13u1_amd64.deb', size: 8861572, sha256: hash },
    ],
  ]);
});
