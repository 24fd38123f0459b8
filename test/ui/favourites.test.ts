import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFavourites } from '../../ui/favourites/favourites.ts';

test.each<[string | undefined, readonly object[]]>([
  [undefined, []],
  ['', []],
  ['nonsense', []],
  ['{"id":"a"}', []],
  ['[{"id":"a:b/c","x":1},{"id":1},null,"a",{"id":"d","source":"s"}]', [{ id: 'a:b/c' }, { id: 'd', source: 's' }]],
])('%j has the favourites that it has', (text, favourites) => {
  expect(parseFavourites(text)).toEqual(favourites);
});

test('anything that is kept is read, up to fifty', () => {
  const lists = fc.array(fc.oneof(fc.anything(), fc.record({ id: fc.string() })), { maxLength: 80 });
  fc.assert(
    fc.property(lists, (list) => {
      expect(parseFavourites(JSON.stringify(list)).length).toBeLessThanOrEqual(50);
    }),
  );
});
