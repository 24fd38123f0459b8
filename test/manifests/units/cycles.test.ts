import { expect, test } from 'vitest';
import { cyclesOf } from '../../../src/manifests/units/cycles.ts';

const cycles = async (graph: Readonly<Record<string, string>>) =>
  (
    await cyclesOf(
      Object.keys(graph),
      (node) => [...(graph[node] ?? '')],
      async () => undefined,
    )
  ).map((group) => [...group].sort().join(''));

test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  ['nothing', {}, []],
  ['a chain', { a: 'b', b: 'c', c: '' }, []],
  ['a diamond', { a: 'bc', b: 'd', c: 'd', d: '' }, []],
  ['two', { a: 'b', b: 'a' }, ['ab']],
  ['three, with one that leads there and one that is led to', { x: 'a', a: 'b', b: 'cz', c: 'a', z: '' }, ['abc']],
  ['two apart, and a node between them', { a: 'b', b: 'am', m: 'c', c: 'd', d: 'c' }, ['cd', 'ab']],
  ['two that share a node', { a: 'b', b: 'ac', c: 'b' }, ['abc']],
  ['one with a way back to the middle', { a: 'b', b: 'c', c: 'd', d: 'b' }, ['bcd']],
])('%s', async (_, graph, expected) => {
  expect(await cycles(graph)).toEqual(expected);
});

test('a way through many nodes is no deep recursion, and others have their turn', async () => {
  const count = 100_000;
  let turns = 0;
  const pause = async () => {
    turns += 1;
  };
  const found = await cyclesOf(Array(count).keys(), (node) => [(node + 1) % count], pause);
  expect(found.map(({ size }) => size)).toEqual([count]);
  expect(turns).toBeGreaterThan(10);
});
