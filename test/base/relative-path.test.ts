import { expect, test } from 'vitest';
import { below, folderOf, plainPath } from '../../src/base/index.ts';

test.each([
  ['', ''],
  ['.', ''],
  ['./', ''],
  ['./a/', 'a'],
  ['a//b/./c', 'a/b/c'],
  ['/a', 'a'],
  ['a/..b/.c', 'a/..b/.c'],
])('the plain form of %j is %j', (path, plain) => {
  expect(plainPath(path)).toBe(plain);
});

test.each([
  ['a', ''],
  ['a/b', 'a'],
  ['a/b/c.yaml', 'a/b'],
  ['', ''],
])('the folder of %j is %j', (path, folder) => {
  expect(folderOf(path)).toBe(folder);
});

test.each([
  ['', 'a/b', true],
  ['', '', true],
  ['a', 'a', true],
  ['a', 'a/b/c', true],
  ['a', 'ab', false],
  ['a', 'a.yaml', false],
  ['a/b', 'a', false],
  ['a', '', false],
])('below %j is %j: %j', (folder, path, is) => {
  expect(below(folder)(path)).toBe(is);
});
