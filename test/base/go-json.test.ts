import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goJson } from '../../src/base/index.ts';

describe('JSON as Go writes it', () => {
  test('has the bytes of encoding/json', () => {
    // Printed by Go 1.26's json.Marshal from the same value; keys of a Go map are sorted, so they are here.
    const value = {
      '<k>&': { x: ['&', ['<']] },
      a: '<b>&\u2028\u2029\u0000\b\f\n\r\t\u001b"\\/\'é😀',
      n: [1, -0.5, 1e21, 1e-7, 123456789012, 1e20, null, true, {}],
    };
    expect(goJson(value)).toBe(
      String.raw`{"\u003ck\u003e\u0026":{"x":["\u0026",["\u003c"]]},"a":"\u003cb\u003e\u0026\u2028\u2029\u0000\b\f\n\r\t\u001b\"\\/'é😀","n":[1,-0.5,1e+21,1e-7,123456789012,100000000000000000000,null,true,{}]}`,
    );
  });

  test.each([
    ['<', String.raw`"\u003c"`],
    ['>', String.raw`"\u003e"`],
    ['&', String.raw`"\u0026"`],
    ['\u2028', String.raw`"\u2028"`],
    ['\u2029', String.raw`"\u2029"`],
    ['\\u003c', String.raw`"\\u003c"`],
    ['\\<', String.raw`"\\\u003c"`],
    ['<cluster>:namespace/shop', String.raw`"\u003ccluster\u003e:namespace/shop"`],
    ['', '""'],
    [null, 'null'],
    [[], '[]'],
  ])('of %j', (value, json) => {
    expect(goJson(value)).toBe(json);
  });

  test('is compact, keeps the order of keys and leaves out what is undefined', () => {
    expect(goJson({ b: 1, a: { d: undefined, c: [1, 2] } })).toBe('{"b":1,"a":{"c":[1,2]}}');
  });

  test('is read back as the same value, and holds none of the characters that HTML or JavaScript take specially', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<', '>', '&', '\u2028', '\u2029', '\\<', '\\\\&'));
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(text, text, { noNullPrototype: true }), (json, texts) => {
        const written = goJson([json, texts]);
        expect(written).not.toMatch(/[<>&\u2028\u2029\n]/);
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify([json, texts])));
      }),
    );
  });
});
