import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, printableJson, printableLine } from '../../src/cli/printable.ts';
import { formatTable } from '../../src/cli/table.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be left
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '[',
      ']',
      '\u009b',
      '\u009d',
      '\u0007',
      '\\',
      ';',
      '3',
      '1',
      'm',
      '\r',
      '\n',
      '\t',
      '\u202e',
      '\u2028',
      ' ',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  ),
});

describe('remote text (S-080)', () => {
  test('keeps nothing that drives a terminal', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(printable(text)).not.toMatch(HARMFUL);
        expect(printableLine(text)).not.toMatch(/[\n\t]/);
      }),
    );
  });

  test('is left alone when it is plain', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abcé漢🦊 .:/@-_=<>"\'[]\n\t') }), (text) => {
        expect(printable(text)).toBe(text);
      }),
    );
  });

  test.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]8;;http://evil\u001b\\link\u001b]8;;\u0007', 'link'],
    ['\u001b]0;never closed\nnext line', '\nnext line'],
    ['\u009b2Jgone', 'gone'],
    ['abc\rxyz', 'abcxyz'],
  ])('%j shows as %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test('JSON keeps its value', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const json = printableJson(JSON.stringify(text));
        expect(JSON.parse(json)).toBe(text);
        expect(json).not.toMatch(HARMFUL);
      }),
    );
  });

  test('cannot break a table: every row stays one line, and columns line up in characters', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile), { minLength: 1, maxLength: 5 }), (rows) => {
        const lines = formatTable(rows.map(([a, b]) => [a, `|${b}`])).split('\n');
        expect(lines).toHaveLength(rows.length + 1);
        const width = Math.max(...rows.map(([a]) => [...printableLine(a)].length)) + 2;
        for (const line of lines.slice(0, -1)) expect([...line][width]).toBe('|');
      }),
    );
  });
});
