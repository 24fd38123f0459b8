import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeDuplicates } from '../../../src/cluster/apply/duplicate-items.ts';
import { dropRefusedNulls } from '../../../src/cluster/apply/refused-nulls.ts';
import type { KubeObject } from '../../../src/resource/index.ts';
import { processorMs } from '../../support/processor.ts';

const object = (rest: object): KubeObject => ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' }, ...rest });
const refusal = (...lines: string[]) =>
  `failed to create typed patch object (shop/a; v1, Kind=Thing): ${lines.length === 1 ? lines[0] : `errors: ${lines.join(' ')}`}`;
const duplicate = (path: string, key: string) => `${path}: duplicate entries for key ${key}`;

describe('items of one key', () => {
  test('the last variable counts, at its first place', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)' },
      { name: 'A', value: '2' },
    ];
    const merged = mergeDuplicates(object({ env }), refusal(duplicate('.env', '[name="A"]')));
    expect(merged?.body.env).toEqual([
      { name: 'A', value: '2' },
      { name: 'B', value: '$(A)' },
    ]);
    expect(merged?.warnings.map(({ message }) => message)).toEqual([
      'env[name="A"] is given more than once: the last one counts, as in a container',
    ]);
  });

  test('a variable that refers to others stays behind them', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
      { name: 'A', value: '$(B)' },
    ];
    expect(mergeDuplicates(object({ env }), refusal(duplicate('.env', '[name="A"]')))?.body.env).toEqual([
      { name: 'B', value: '2' },
      { name: 'A', value: '$(B)' },
    ]);
  });

  test('all that one refusal names become one at once, through lists by key and by index', () => {
    const twice = [{ name: 'A' }, { name: 'A' }];
    const spec = { containers: [{ name: 'x' }, { name: 'we"b', env: twice }], versions: [{ rules: twice }, { rules: twice }] };
    const merged = mergeDuplicates(
      object({ spec }),
      refusal(duplicate('.spec.containers[name="we\\"b"].env', '[name="A"]'), duplicate('.spec.versions[1].rules', '[name="A"]')),
    );
    expect(merged?.body.spec).toEqual({
      containers: [{ name: 'x' }, { name: 'we"b', env: [{ name: 'A' }] }],
      versions: [{ rules: twice }, { rules: [{ name: 'A' }] }],
    });
    expect(merged?.warnings).toHaveLength(2);
  });

  test('the manifest itself is not touched', () => {
    const body = object({ finalizers: ['a', 'a'] });
    expect(mergeDuplicates(body, refusal(duplicate('.finalizers', '[="a"]')))?.body.finalizers).toEqual(['a']);
    expect(body.finalizers).toEqual(['a', 'a']);
  });

  test.each([
    [
      'ports of a Service that differ',
      {
        ports: [
          { port: 1, name: 'a' },
          { port: 1, name: 'b' },
        ],
      },
      duplicate('.ports', '[port=1]'),
    ],
    [
      'mounts that differ',
      {
        volumeMounts: [
          { mountPath: '/', name: 'a' },
          { mountPath: '/', name: 'b' },
        ],
      },
      duplicate('.volumeMounts', '[mountPath="/"]'),
    ],
    ['a list that is not there', {}, duplicate('.env', '[name="A"]')],
    ['a field that is no list', { env: 'x' }, duplicate('.env', '[name="A"]')],
    ['a key that nobody can read', { env: [] }, duplicate('.env', '[name=A')],
    ['another complaint', { env: [] }, '.env: field not declared in schema'],
  ])('%s have no reading', (_, rest, line) => {
    expect(mergeDuplicates(object(rest), refusal(line))).toBeUndefined();
  });

  test('whatever a server says, nothing is thrown and nothing else changes', () => {
    const body = object({ env: [{ name: 'A' }, { name: 'B' }], __proto__: undefined });
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        for (const text of [`${a}: duplicate entries for key ${b}`, `.${a}[${b}]: duplicate entries for key [${c}]`]) {
          expect(mergeDuplicates(body, text)).toBeUndefined();
        }
        expect(dropRefusedNulls(body, `${a}.${b}: Invalid value: "null"${c}`)).toBeUndefined();
      }),
    );
  });

  test('a refusal of many kilobytes is read in no time', () => {
    const text = `${'.a[name="'.repeat(20_000)}: duplicate entries for key [${'"'.repeat(20_000)}`;
    const took = processorMs(() => {
      expect(mergeDuplicates(object({}), text)).toBeUndefined();
      expect(dropRefusedNulls(object({}), `${'a.'.repeat(20_000)}: Invalid value: "null`)).toBeUndefined();
    });
    expect(took).toBeLessThan(5000);
  });
});

test('only nulls are dropped, where the refusal says', () => {
  const body = object({ spec: { size: null, kept: null, list: [{ n: null }, { n: 1 }] } });
  const told =
    'Thing "a" is invalid: [spec.size: Invalid value: "null": must be of type integer, spec.list[0].n: Invalid value: "null": x, spec.list[1].n: Invalid value: "null": x]';
  const merged = dropRefusedNulls(body, told);
  expect(merged?.body.spec).toEqual({ kept: null, list: [{}, { n: 1 }] });
  expect(merged?.warnings[0]?.message).toBe('spec.size, spec.list[0].n: null, treated as an absent field');
});
