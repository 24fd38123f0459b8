import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALL_IMAGES, hrefOf, NO_FILTER, parseRoute, type Route, WHOLE_TOPOLOGY } from '../../ui/shell/route.ts';

test.each<[string, Route]>([
  ['', { view: 'overview' }],
  ['#/', { view: 'overview' }],
  ['#/nowhere', { view: 'overview' }],
  ['#/syncs', { view: 'syncs' }],
  ['#/objects', { view: 'objects', filter: NO_FILTER }],
  ['#/objects?state=failed&text=cart&x=1', { view: 'objects', filter: { ...NO_FILTER, state: 'failed', text: 'cart' } }],
  ['#/images?decision=held&text=cart', { view: 'images', filter: { text: 'cart', decision: 'held' } }],
  ['#/images', { view: 'images', filter: ALL_IMAGES }],
  ['#/topology?folder=shop&as=tree', { view: 'topology', as: 'tree', filter: { ...WHOLE_TOPOLOGY, folder: 'shop' } }],
  ['#/objects/shop%3Adeployment%2Fcart', { view: 'object', id: 'shop:deployment/cart' }],
  ['#/objects/shop:deployment/cart?source=a', { view: 'object', id: 'shop:deployment/cart', source: 'a' }],
  [
    '#/objects/shop%3Adeployment%2Fcart?pod=cart-1&container=cart',
    { view: 'object', id: 'shop:deployment/cart', log: { pod: 'cart-1', container: 'cart', previous: false } },
  ],
  [
    '#/objects/shop%3Adeployment%2Fcart?source=a&pod=cart-1&container=cart&previous=true',
    { view: 'object', id: 'shop:deployment/cart', source: 'a', log: { pod: 'cart-1', container: 'cart', previous: true } },
  ],
  ['#/objects/shop%3Adeployment%2Fcart?pod=cart-1', { view: 'object', id: 'shop:deployment/cart' }],
  ['#/objects/%zz', { view: 'object', id: '%zz' }],
])('%j leads to %j', (fragment, route) => {
  expect(parseRoute(fragment)).toEqual(route);
});

test('a link leads where it was made for', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const some = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  const routes: fc.Arbitrary<Route> = fc.oneof(
    fc.constantFrom('overview', 'syncs', 'deletions').map((view): Route => ({ view })),
    fc.record({ text, decision: text }).map((filter): Route => ({ view: 'images', filter })),
    fc.record({ text, state: text, namespace: text, kind: text }).map((filter): Route => ({ view: 'objects', filter })),
    fc
      .record({ source: text, folder: text, namespace: text, kind: text, status: text, text })
      .chain((filter) =>
        fc.constantFrom('graph' as const, 'tree' as const).map((as): Route => ({ view: 'topology', as, filter })),
      ),
    fc.record({ id: some, source: some }).map(({ id, source }): Route => ({ view: 'object', id, source })),
  );
  fc.assert(
    fc.property(routes, (route) => {
      expect(parseRoute(hrefOf(route))).toEqual(route);
    }),
  );
});

test('text that is no text of Unicode has a link too', () => {
  expect(parseRoute(hrefOf({ view: 'object', id: 'a\ud800' }))).toEqual({ view: 'object', id: 'a\ufffd' });
});

test('any fragment leads somewhere', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(parseRoute(`#/${text}`).view).toBeTypeOf('string');
    }),
  );
});
