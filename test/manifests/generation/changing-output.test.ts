import { expect, test } from 'vitest';
import type { JsonMap } from '../../../src/base/index.ts';
import type { ParsedObject } from '../../../src/manifests/finding.ts';
import { changingOutput } from '../../../src/manifests/generation/changing-output.ts';

/** An object of one of two runs. */
function printed(name: string, run: number, data: unknown): ParsedObject {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data } as ParsedObject['object'];
  return { object, checksum: `${name} ${run}`, document: 1, line: 1, bytes: 0 };
}

const messageOf = (first: unknown, second: unknown) =>
  changingOutput([printed('a', 1, first)], [printed('a', 2, second)])?.message;

test.each<[string, unknown, unknown, string]>([
  ['a value', { a: 1, b: { c: 2 } }, { a: 1, b: { c: 3 } }, ' data.b.c'],
  ['a key of the first', { a: 1, b: 2 }, { a: 1 }, ' data.b'],
  ['a key of the second', { a: 1 }, { a: 1, b: null }, ' data.b'],
  ['an element', [{ a: 1 }, { a: 2 }], [{ a: 1 }, { a: 3 }], ' data.1.a'],
  ['the length of a list', [1, 2], [1], ' data'],
  ['the length of an empty list', [], [1], ' data'],
  ['a list that is a map', { a: [1] }, { a: { 0: 1 } }, ' data.a'],
  ['the order of keys alone', { a: 1, b: 2 }, { b: 2, a: 1 }, ''],
])('the first difference is named by its path: %s', (_, first, second, path) => {
  expect(messageOf(first, second)).toBe(`its output changes without a commit: configmap/a${path}`);
});

test('equal output is no warning', () => {
  expect(changingOutput([printed('a', 1, {})], [printed('a', 1, {})])).toBeUndefined();
});

test('three differences are named, and no more are searched for', () => {
  const unread = () => ({
    get key(): never {
      throw new Error('searched');
    },
  });
  const run = (at: number) => [...['a', 'b', 'c'].map((name) => printed(name, at, { at })), printed('d', at, unread())];
  expect(changingOutput(run(1), [...run(2), printed('e', 2, {})])?.message).toBe(
    'its output changes without a commit: configmap/a data.at, configmap/b data.at, configmap/c data.at and 2 more',
  );
});

test('a value is compared once, however deep it is', () => {
  let reads = 0;
  let deep: JsonMap = {
    get same() {
      reads++;
      return 'a';
    },
    other: 1,
  };
  for (let depth = 0; depth < 100; depth++) deep = { in: deep };
  const other = JSON.parse(JSON.stringify(deep).replace('"other":1', '"other":2'));
  reads = 0;
  expect(messageOf(deep, other)).toMatch(/ data(\.in){100}\.other$/);
  expect(reads).toBe(1);
});
