import fc from 'fast-check';
import { expect, test } from 'vitest';
import { webUrl } from '../../ui/shell/web-url.ts';

const LINE = 'https://github.com/acme/shop/blob/{revision}/{path}#L{line}';
const REVISION = '3f7ab571aa00bb11cc22dd33ee44ff5566778899';

test('a place at a Git host has a URL', () => {
  expect(webUrl(LINE, { revision: REVISION, path: 'apps/a b#?/cart.yaml', line: 7 })).toBe(
    `https://github.com/acme/shop/blob/${REVISION}/apps/a%20b%23%3F/cart.yaml#L7`,
  );
});

test.each([
  ['javascript:alert(1)//{revision}', REVISION],
  ['data:text/html,{revision}', REVISION],
  ['https://example.org/{revision}', 'main'],
  ['https://example.org/{revision}', '../../evil'],
])('%s has none with %s', (template, revision) => {
  expect(webUrl(template, { revision })).toBeUndefined();
});

test('no path leads elsewhere', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (path) => {
      const url = new URL(webUrl(LINE, { revision: REVISION, path }) ?? '');
      expect([url.origin, url.hash, url.search]).toEqual(['https://github.com', '#L1', '']);
    }),
  );
});
