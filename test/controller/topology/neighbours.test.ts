import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adjacencyOf } from '../../../src/controller/topology/adjacency.ts';
import { neighboursOf, relationsFrom } from '../../../src/controller/topology/neighbours.ts';
import type { Relation } from '../../../src/controller/topology/relations.ts';

/** What is up to three steps away, by looking at each relation for each step. */
function walked(id: string, relations: readonly Relation[]): ReadonlySet<string> {
  const reached = (edge: ReadonlySet<string>, reach: (relation: Relation) => readonly [string, string]) =>
    new Set(relations.map(reach).flatMap(([start, end]) => (edge.has(start) ? [end] : [])));
  const ways = [({ from, to }: Relation) => [from, to] as const, ({ from, to }: Relation) => [to, from] as const].map((reach) => {
    const one = reached(new Set([id]), reach);
    const two = reached(one, reach);
    return [one, two, reached(two, reach)];
  });
  return new Set([id, ...ways.flat().flatMap((edge) => [...edge])]);
}

const name = fc.constantFrom(...'abcdefghij');
const relation = fc.record({ from: name, to: name, type: fc.constantFrom('uses' as const, 'routes' as const) });

test('the neighbours of an object are those that a walk over all relations finds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(relation, { maxLength: 25 }), name, async (relations, id) => {
      const adjacency = await adjacencyOf(relations);
      const ids = neighboursOf(id, adjacency);
      expect(new Set(ids)).toEqual(walked(id, relations));
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(relationsFrom(ids, adjacency))).toEqual(new Set(relations.filter(({ from }) => ids.includes(from))));
    }),
  );
});

test('relations are looked through once, however many objects are looked at', async () => {
  const relations: readonly Relation[] = [{ from: 'a', to: 'b', type: 'uses' }];
  expect(await adjacencyOf(relations)).toBe(await adjacencyOf(relations));
});
