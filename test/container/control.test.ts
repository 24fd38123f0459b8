import { describe, expect, test } from 'vitest';
import { type Control, closure, dependenciesOf, parseControl } from '../../container/control.ts';

describe('parseControl', () => {
  test('reads fields, continued lines and only the first paragraph', () => {
    const text = 'Package: git\nVersion: 1:2.47.3\nDescription: fast\n version control\n .\n system\nSize: 7\n\nPackage: other\n';
    expect(parseControl(text)).toEqual({
      Package: 'git',
      Version: '1:2.47.3',
      Description: 'fast\n version control\n .\n system',
      Size: '7',
    });
  });
});

describe('dependenciesOf', () => {
  test('takes Pre-Depends and Depends, without versions and architectures', () => {
    expect(
      dependenciesOf({ 'Pre-Depends': 'libc6 (>= 2.38)', Depends: 'a:any, b | c (<< 2), d [amd64]', Recommends: 'x' }),
    ).toEqual([['libc6'], ['a'], ['b', 'c'], ['d']]);
  });

  test('of a package that needs nothing is empty', () => {
    expect(dependenciesOf({ Package: 'a' })).toEqual([]);
  });
});

describe('closure', () => {
  const archive: Readonly<Record<string, Control>> = {
    git: { Package: 'git', Depends: 'libc6, perl, awk' },
    gawk: { Package: 'gawk', Provides: 'awk', Depends: 'libc6' },
    libc6: { Package: 'libc6', Depends: 'libgcc-s1' },
    'libgcc-s1': { Package: 'libgcc-s1', Depends: 'libc6 | musl' },
    tool: { Package: 'tool', Depends: 'first | gawk' },
    first: { Package: 'first' },
  };
  const namesOf = (names: readonly string[], without: readonly string[]) =>
    closure(names, without, (name) => archive[name]).map((control) => control.Package);

  test('follows dependencies, also in circles, and leaves out what it is told to', () => {
    expect(namesOf(['git', 'gawk'], ['perl'])).toEqual(['gawk', 'git', 'libc6', 'libgcc-s1']);
  });

  test('takes the first alternative, or one that is there already', () => {
    expect(namesOf(['tool'], [])).toEqual(['first', 'tool']);
    expect(namesOf(['tool', 'gawk'], [])).toEqual(['gawk', 'libc6', 'libgcc-s1', 'tool']);
  });

  test('refuses a package that is not there, and an exception that nothing needs', () => {
    expect(() => namesOf(['git'], ['perl'])).toThrow('Debian has no package awk');
    expect(() => namesOf(['gawk'], ['perl'])).toThrow('perl is left out, but no package needs it');
  });
});
