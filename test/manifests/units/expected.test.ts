import { expect, test } from 'vitest';
import type { ParsedObject } from '../../../src/manifests/finding.ts';
import { parseFile } from '../../../src/manifests/parse-file.ts';
import { differenceFrom } from '../../../src/manifests/units/expected.ts';
import { objectKey } from '../../../src/manifests/units/object-key.ts';
import { configMap } from '../kustomize/checkout.ts';

const objects = (...texts: readonly string[]): readonly ParsedObject[] =>
  parseFile({ bytes: Buffer.from(texts.join('---\n')), isJson: false }).objects;
const [a, b, c] = [configMap('a'), configMap('b'), configMap('c')];

function difference(before: readonly string[], after: readonly string[], wanted: readonly string[]): string | undefined {
  const keyed = new Map(objects(...wanted).map(({ object }) => [objectKey(object), object]));
  return differenceFrom({ wanted: keyed }, objects(...before), objects(...after));
}

test.each<[string, readonly string[], readonly string[], readonly string[], string | undefined]>([
  ['nothing', [a, b], [a, b], [], undefined],
  ['another order', [a, b], [b, a], [], undefined],
  ['what is wanted', [a, b], [configMap('a', 'x'), b], [configMap('a', 'x')], undefined],
  ['what is wanted already', [a, b], [a, b], [a], undefined],
  ['not as wanted', [a, b], [configMap('a', 'y'), b], [configMap('a', 'x')], 'configmap/a would not be as wanted in data.key'],
  ['no change', [a, b], [a, b], [configMap('a', 'x')], 'configmap/a would not be as wanted in data.key'],
  [
    'another one',
    [a, b],
    [configMap('a', 'x'), configMap('b', 'x')],
    [configMap('a', 'x')],
    'configmap/b would change as well in data.key',
  ],
  ['one less', [a, b], [a], [], 'configmap/b would not be built any more'],
  ['one more', [a, b], [a, b, c], [], 'configmap/c would be new'],
  ['another name', [a, b], [a, c], [], 'configmap/b would not be built any more'],
  [
    'another namespace',
    [a],
    [a.replace('  name: a', '  name: a\n  namespace: x')],
    [],
    'configmap/a would not be built any more',
  ],
])('%s', (_, before, after, wanted, expected) => {
  expect(difference(before, after, wanted)).toBe(expected);
});

test('the fields of what decrypted files went into are not shown', () => {
  const wanted = new Map(objects(configMap('a', 'x')).map(({ object }) => [objectKey(object), object]));
  const found = differenceFrom({ wanted, isConfidential: true }, objects(a), objects(configMap('a', 'y')));
  expect(found).toBe('configmap/a would not be as wanted');
});
