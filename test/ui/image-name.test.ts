import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatImageRef, parseImageRef, tryParseImageRef, withTag as withTagOfFluxd } from '../../src/image/index.ts';
import { partsOfImage, tagOf, withTag } from '../../ui/text/image-name.ts';

test.each([
  ['shop/cart:1.3.0', '1.3.0'],
  ['shop/cart', ''],
  ['localhost:5000/cart', ''],
  ['localhost:5000/shop/cart:1.3.0', '1.3.0'],
  [`cart:1.3.0@sha256:${'a'.repeat(64)}`, '1.3.0'],
])('the page reads the tag of %s', (image, tag) => {
  expect(tagOf(image)).toBe(tag);
});

const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const image = fc
  .record({
    host: fc.option(fc.constantFrom('ghcr.io', 'localhost:5000', 'registry.example.org:443')),
    path: fc.array(part, { minLength: 1, maxLength: 3 }),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}$/)),
    digest: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
  })
  .map(({ host, path, tag, digest }) =>
    [...(host === null ? [] : [host]), ...path]
      .join('/')
      .concat(tag === null ? '' : `:${tag}`, digest === null ? '' : `@sha256:${digest}`),
  )
  .filter((text) => tryParseImageRef(text) !== undefined);

test('the page writes another tag as fluxd does', () => {
  fc.assert(
    fc.property(image, fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}$/), (text, tag) => {
      expect(withTag(text, tag)).toBe(formatImageRef(withTagOfFluxd(parseImageRef(text), tag)));
      expect(tagOf(text)).toBe(parseImageRef(text).tag);
    }),
  );
});

test.each([
  ['shop/cart:1.3.0', ['shop/', 'cart', ':1.3.0']],
  ['localhost:5000/cart@sha256:ab', ['localhost', ':5000/', 'cart', '@sha256', ':ab']],
  ['cart', ['cart']],
])('%s breaks after slashes and before its tag', (image, parts) => {
  expect(partsOfImage(image)).toEqual(parts);
});
