import { expect, test } from 'vitest';
import { cyclesOf } from '../../../src/manifests/units/cycles.ts';

const cycles = (graph: Readonly<Record<string, string>>) =>
  cyclesOf(Object.keys(graph), (node) => [...(graph[node] ?? '')]).map((group) => group.join(''));

test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  ['nothing', {}, []],
  ['a chain', { a: 'b', b: 'c', c: '' }, []],
  ['a diamond', { a: 'bc', b: 'd', c: 'd', d: '' }, []],
  ['one that leads to itself', { a: 'a', b: 'a' }, ['a']],
  ['two', { a: 'b', b: 'a' }, ['ab']],
  ['three, with one that leads there and one that is led to', { x: 'a', a: 'b', b: 'cz', c: 'a', z: '' }, ['abc']],
  ['two apart, and a node between them', { a: 'b', b: 'am', m: 'c', c: 'd', d: 'c' }, ['cd', 'ab']],
  ['two that share a node', { a: 'b', b: 'ac', c: 'b' }, ['abc']],
])('%s', (_, graph, expected) => {
  expect(cycles(graph)).toEqual(expected);
});
