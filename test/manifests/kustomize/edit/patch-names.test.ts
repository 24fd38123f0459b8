import { expect, test } from 'vitest';
import type { JsonMap } from '../../../../src/base/index.ts';
import { patchNames } from '../../../../src/manifests/kustomize/edit/patch-names.ts';
import { lines } from '../checkout.ts';

const source = (...names: readonly string[]) =>
  names.map((name) => lines('---', 'apiVersion: apps/v1', 'kind: Deployment', `metadata: ${name}`)).join('');

function namesOf(written: string, kustomization: JsonMap = {}, text?: string): readonly string[] {
  const [namespace, name = ''] = written.includes(':') ? written.split(':') : [undefined, written];
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return patchNames({ apiVersion: 'apps/v1', kind: 'Deployment', metadata }, kustomization, text).map((each) =>
    each.namespace === undefined ? each.name : `${each.namespace}:${each.name}`,
  );
}

test.each<[string, string, JsonMap, string | undefined, readonly string[]]>([
  ['its own', 'web', {}, undefined, ['web']],
  ['with its namespace', 'shop:web', {}, undefined, ['shop:web', 'web']],
  ['a namespace of the kustomization', 'shop:web', { namespace: 'shop' }, undefined, ['web', 'shop:web']],
  ['without prefix and suffix', 'p-web-s', { namePrefix: 'p-', nameSuffix: '-s' }, undefined, ['web', 'p-web-s']],
  ['a prefix that it has not', 'web', { namePrefix: 'p-', nameSuffix: '-s' }, undefined, ['web']],
  ['fields that are no text', 'web', { namePrefix: 1, nameSuffix: [], namespace: {} }, undefined, ['web']],
  ['of its file', 'p-a-web', { namePrefix: 'p-' }, source('{name: web}'), ['web', 'a-web', 'p-a-web']],
  ['of its file, with a namespace', 'web', {}, source('{name: web, namespace: x}'), ['x:web', 'web']],
  ['not of others in its file', 'p-web', {}, source('{name: api}', '{name: web}'), ['web', 'p-web']],
  ['no map, no name', 'web', {}, source('x', '{}', '{name: 1}'), ['web']],
  ['of another kind', 'p-web', {}, source('{name: web}').replace('Deployment', 'Job'), ['p-web']],
  ['of a broken file', 'web', {}, '---\na: [\n', ['web']],
  ['of a list', 'p-web', {}, 'kind: List\nitems:\n- {kind: Deployment, metadata: {name: web}}\n', ['web', 'p-web']],
])('%s', (_, object, kustomization, text, expected) => {
  expect(namesOf(object, kustomization, text)).toEqual(expected);
});
