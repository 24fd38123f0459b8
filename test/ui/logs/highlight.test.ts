import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highlight } from '../../../ui/logs/highlight.ts';

const shown = (text: string, wanted: string) =>
  highlight(text, wanted)
    .map(({ text: part, isMatch }) => (isMatch ? `[${part}]` : part))
    .join('');

test.each([
  ['GET /get', 'get', '[GET] /[get]'],
  ['aaa', 'aa', '[aa]a'],
  ['none', 'x', 'none'],
  ['none', '', 'none'],
  ['', 'x', ''],
  ['<b>x</b>', '<b>', '[<b>]x</b>'],
  ['a.c abc', 'a.c', '[a.c] abc'],
  ['İ get', 'get', 'İ get'],
])('in %j, %j is marked as %j', (text, wanted, expected) => {
  expect(shown(text, wanted)).toBe(expected);
});

test('parts are the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ maxLength: 2 }), (text, wanted) => {
      expect(
        highlight(text, wanted)
          .map((part) => part.text)
          .join(''),
      ).toBe(text);
    }),
  );
});
