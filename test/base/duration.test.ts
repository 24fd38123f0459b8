import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/base/index.ts';

/** What Go 1.26's time.ParseDuration makes of each; `ns` in nanoseconds. */
interface GoDurations {
  readonly parse: readonly { readonly text: string; readonly ns?: string; readonly error?: string }[];
}

const go = JSON.parse(readFileSync(join(import.meta.dirname, 'duration-go.json'), 'utf8')) as GoDurations;

describe('reading a duration', () => {
  test.each(go.parse.filter(({ error }) => error === undefined))('$text is $ns ns, as Go reads it', ({ text, ns }) => {
    expect(parseDuration(text)).toBe(Number(ns) / 1e6);
  });

  test.each(go.parse.filter(({ error }) => error !== undefined))(
    '$text is refused in the words of Go: $error',
    ({ text, error }) => {
      expect(() => parseDuration(text)).toThrow(new RangeError(error));
    },
  );

  test('any text is either a finite number or a RangeError', () => {
    const piece = fc.constantFrom(
      '1',
      '0',
      '9999999999',
      '.',
      '-',
      '+',
      'h',
      'm',
      's',
      'ns',
      'µ',
      'x',
      'toString',
      ' ',
      '"',
      '\n',
      '😀',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        try {
          const ms = parseDuration(pieces.join(''));
          expect(Number.isFinite(ms)).toBe(true);
          expect(Object.is(ms, -0)).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect((error as RangeError).message).toMatch(
            /^time: (invalid|missing unit in|unknown unit "[ -~]*" in) ?duration "[ -~]*"$/,
          );
        }
      }),
    );
  });
});
