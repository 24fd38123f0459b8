import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { substituteText } from '../../../src/manifests/substitution/substitute-text.ts';
import type { Variables } from '../../../src/manifests/substitution/variables.ts';

const variables = (given: Partial<Variables> = {}): Variables => ({
  values: {
    REGION: { value: 'eu-west-1', isSecret: false },
    EMPTY: { value: '', isSecret: false },
    LOOP: { value: '${REGION}', isSecret: false },
    PASSWORD: { value: 'hunter2', isSecret: true },
  },
  sources: ['configmap/settings', 'secret/passwords'],
  version: '1',
  optional: false,
  ...given,
});
const MAX = 1_000;

describe('a text', () => {
  test.each([
    ['plain', 'plain'],
    ['${REGION}', 'eu-west-1'],
    ['in ${REGION}, twice: ${REGION}.', 'in eu-west-1, twice: eu-west-1.'],
    ['${REGION:=us-east-1}', 'eu-west-1'],
    ['${OTHER:=us-east-1}', 'us-east-1'],
    ['${OTHER:=}', ''],
    ['${OTHER:=a:=b $x}', 'a:=b $x'],
    ['${EMPTY}', ''],
    ['${EMPTY:=filled}', 'filled'],
    ['${LOOP}', '${REGION}'],
    ['$${REGION}', '${REGION}'],
    ['$${OTHER}', '${OTHER}'],
    ['$$${REGION}', '$${REGION}'],
    ['$REGION', '$REGION'],
    ['${}', '${}'],
    ['${1A}', '${1A}'],
    ['${OTHER:-x}', '${OTHER:-x}'],
    ['${REGION%-*}', '${REGION%-*}'],
    ['${ REGION }', '${ REGION }'],
    ['${REGION', '${REGION'],
    ['$(REGION)', '$(REGION)'],
  ])('%s becomes %s', (text, expected) => {
    expect(substituteText(text, variables(), MAX).text).toBe(expected);
  });

  test('is one variable and nothing else, or more', () => {
    const isWhole = (text: string) => substituteText(text, variables(), MAX).isWhole;
    expect(['${REGION}', '${OTHER:=3}'].map(isWhole)).toEqual([true, true]);
    expect(['${REGION}${REGION}', 'a${REGION}', '${REGION}a', '$${REGION}', 'a'].map(isWhole)).toEqual(Array(5).fill(false));
  });

  test('has the value of a Secret or not', () => {
    const hasSecret = (text: string) => substituteText(text, variables(), MAX).hasSecret;
    expect(['${PASSWORD}', 'a${REGION}${PASSWORD}', '${REGION}', '$${PASSWORD}'].map(hasSecret)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

test('a variable without a value is refused by name, with where values are from', () => {
  expect(() => substituteText('${OTHER}', variables(), MAX)).toThrow(
    expect.objectContaining({
      code: 'substitution/no-value',
      message: '${OTHER} has no value in configmap/settings, secret/passwords',
    }),
  );
});

test('a name of a built-in property has no value', () => {
  for (const name of ['constructor', '__proto__', 'toString'])
    expect(() => substituteText(`\${${name}}`, variables(), MAX)).toThrow(`\${${name}} has no value`);
});

test('an optional variable without a value stays as it is written', () => {
  expect(substituteText('${OTHER} ${REGION}', variables({ optional: true }), MAX).text).toBe('${OTHER} eu-west-1');
});

test.each(['${OTHER}', '${REGION}', '${OTHER:=x}'])(
  '%s is refused while values are not known, even if it is optional',
  (text) => {
    const unknown = variables({ optional: true, unknown: 'configmap/settings cannot be read: 503', values: {} });
    expect(() => substituteText(text, unknown, MAX)).toThrow(
      expect.objectContaining({ code: 'substitution/not-known', message: expect.stringContaining('cannot be read: 503') }),
    );
  },
);

test('a result has a limit, which it may reach', () => {
  expect(substituteText('${REGION}', variables(), 9).text).toBe('eu-west-1');
  expect(() => substituteText('${REGION}', variables(), 8)).toThrow(expect.objectContaining({ code: 'substitution/too-long' }));
});

test('texts around variables stay, whatever they are', () => {
  const around = fc.string({ unit: 'binary' }).filter((text) => !text.includes('$') && !text.includes('{'));
  fc.assert(
    fc.property(fc.array(fc.tuple(around, fc.string()), { minLength: 1 }), (parts) => {
      const values = Object.fromEntries(parts.map(([, value], index) => [`V${index}`, { value, isSecret: false }]));
      const text = parts.map(([before], index) => `${before}\${V${index}}`).join('');
      const expected = parts.map(([before, value]) => `${before}${value}`).join('');
      expect(substituteText(text, variables({ values }), 1e6).text).toBe(expected);
    }),
  );
});
