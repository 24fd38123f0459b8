import { expect, test } from 'vitest';
import { type KubeObject, scopesOf } from '../../src/resource/index.ts';
import { createCatalog } from '../../src/sim/kubernetes/catalog.ts';

const objectOf = (apiVersion: string, kind: string, more: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'a' },
  ...more,
});

test('the scope of each of Kubernetes’ own kinds is that of a real API server', () => {
  const scopeOf = scopesOf([]);
  const kinds = createCatalog().all();
  expect(kinds.length).toBeGreaterThan(50);
  const wrong = kinds.filter(({ group, version, kind, namespaced }) => {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    return scopeOf(objectOf(apiVersion, kind)) !== (namespaced ? 'namespaced' : 'cluster');
  });
  expect(wrong.map(({ group, kind }) => `${group}/${kind}`)).toEqual([]);
});

test('the scope of another kind is what its definition says, and is unknown without one', () => {
  const definition = (scope: string, kind: string) =>
    objectOf('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
      spec: { group: 'acme.example.org', scope, names: { kind } },
    });
  const scopeOf = scopesOf([definition('Cluster', 'Gadget'), definition('Namespaced', 'Widget')]);
  expect(['Gadget', 'Widget', 'Thing'].map((kind) => scopeOf(objectOf('acme.example.org/v1', kind)))).toEqual([
    'cluster',
    'namespaced',
    undefined,
  ]);
  expect(scopeOf(objectOf('other.example.org/v1', 'Gadget'))).toBeUndefined();
});
