import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines } from '../../src/base/text-diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

test('the lines that go and come are a shortest script from one text to the other', () => {
  fc.assert(
    fc.property(lines, lines, (from, to) => {
      const script = diffLines(from, to);
      const changed = script.filter(([sign]) => sign !== ' ');
      const count = (sign: string) => changed.filter(([each]) => each === sign).length;
      expect(from.length - count('-')).toBe(to.length - count('+'));
      expect(from.length - count('-')).toBe(longestCommon(from, to));
    }),
  );
});

test('where nothing is left out the script holds both texts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b'), { maxLength: 4 }),
      fc.array(fc.constantFrom('c', 'd'), { minLength: 1, maxLength: 4 }),
      (from, to) => {
        const script = diffLines(from, to);
        const side = (gone: string) => script.flatMap(([sign, line]) => (sign === gone ? [] : [line]));
        expect(side('+')).toEqual(from);
        expect(side('-')).toEqual(to);
      },
    ),
  );
});

test('texts too long for a shortest script are shown as gone and come', () => {
  const [from, to] = ['a', 'b'].map((name) => Array.from({ length: 2500 }, (_, n) => `${name}${n}`)) as [string[], string[]];
  expect(diffLines(from, to)).toHaveLength(5000);
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  const [first, ...rest] = a;
  if (first === undefined) return 0;
  const at = b.indexOf(first);
  return Math.max(longestCommon(rest, b), at < 0 ? 0 : 1 + longestCommon(rest, b.slice(at + 1)));
}
