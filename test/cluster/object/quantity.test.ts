import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantity } from '../../../src/cluster/object/quantity.ts';
import { canonicalQuantity } from '../../../src/sim/kubernetes/quantity.ts';

describe('a quantity', () => {
  test.each<[unknown, number | undefined]>([
    ['100m', 0.1],
    ['250000000n', 0.25],
    ['1500u', 0.0015],
    ['2', 2],
    [3, 3],
    ['1e3', 1_000],
    ['1E3', 1_000],
    ['1E', 1e18],
    ['.5', 0.5],
    ['1.', 1],
    ['+1k', 1_000],
    ['-1', -1],
    ['64Mi', 64 * 2 ** 20],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['64M', 64e6],
    ['', undefined],
    ['1K', undefined],
    ['1 Mi', undefined],
    ['1mi', undefined],
    ['0x10', undefined],
    ['NaN', undefined],
    ['9'.repeat(400), undefined],
    [undefined, undefined],
  ])('%j is %j', (text, amount) => {
    if (amount === undefined) expect(quantity(text)).toBeUndefined();
    else expect(quantity(text)).toBeCloseTo(amount, 12);
  });

  test('is the same amount in the form that the API server makes of it', () => {
    const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'E2');
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom('', '.5', '.25'), suffix, (whole, fraction, end) => {
        const text = `${whole}${fraction}${end}`;
        const canonical = quantity(canonicalQuantity(text));
        expect(canonical).toBeDefined();
        expect(Math.abs((quantity(text) ?? Number.NaN) - (canonical ?? Number.NaN))).toBeLessThanOrEqual(
          1e-9 * (whole + 1) * 2 ** 30,
        );
      }),
    );
  });
});
