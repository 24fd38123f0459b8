import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LiveObject, ManagedFields } from '../../../src/cluster/object/live.ts';
import { lostFields } from '../../../src/cluster/plan/drift.ts';

const MANAGER = 'flux';

function live(own: object | undefined, ...others: readonly ManagedFields[]): LiveObject {
  const mine: ManagedFields[] = own
    ? [{ manager: MANAGER, operation: 'Apply', time: '2030-01-01T00:00:00Z', fieldsV1: { ...own } }]
    : [];
  return { name: 'web', uid: 'u', resourceVersion: '1', managedFields: [...others, ...mine] };
}

const kubectlEdit: ManagedFields = { manager: 'kubectl-edit', operation: 'Update', time: '2030-01-01T00:00:05Z', fieldsV1: {} };
const controller: ManagedFields = {
  manager: 'kube-controller-manager',
  operation: 'Update',
  subresource: 'status',
  time: '2030-01-01T00:00:09Z',
  fieldsV1: {},
};

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', 'acme.io/team': 'a' }, finalizers: ['acme.io/keep'] },
  spec: {
    replicas: 2,
    template: {
      spec: {
        nodeSelector: {},
        containers: [
          { name: 'web', image: 'web:1', args: ['-v'], ports: [{ containerPort: 80 }] },
          { name: 'side', image: 'side:1' },
        ],
      },
    },
  },
};

/** What the API server notes for the Deployment above. */
const owned = {
  'f:metadata': { 'f:labels': { 'f:app': {}, 'f:acme.io/team': {} }, 'f:finalizers': { 'v:"acme.io/keep"': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:template': {
      'f:spec': {
        'f:nodeSelector': {},
        'f:containers': {
          'k:{"name":"web"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:args': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
          'k:{"name":"side"}': { '.': {}, 'f:name': {}, 'f:image': {} },
        },
      },
    },
  },
};

/** The same without the field at the path. */
function without(path: readonly string[], fields: object = owned): object {
  const [first = '', ...rest] = path;
  const copy = { ...fields } as Record<string, object>;
  if (rest.length === 0) delete copy[first];
  else copy[first] = without(rest, copy[first]);
  return copy;
}

describe('fields that are no longer ours', () => {
  test('none while our entry has them all; fields that the API server fills into list keys are not missed', () => {
    expect(lostFields(deployment, live(owned, kubectlEdit), MANAGER)).toEqual({ fields: [] });
  });

  const containers = ['f:spec', 'f:template', 'f:spec', 'f:containers'];
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['a plain field', ['f:spec', 'f:replicas'], ['spec.replicas']],
    ['a label with a slash in its name', ['f:metadata', 'f:labels', 'f:acme.io/team'], ['metadata.labels[acme.io/team]']],
    ['all labels', ['f:metadata', 'f:labels'], ['metadata.labels.app', 'metadata.labels[acme.io/team]']],
    [
      'an empty map, which may stand for everything',
      ['f:spec', 'f:template', 'f:spec', 'f:nodeSelector'],
      ['spec.template.spec.nodeSelector'],
    ],
    ['an item of a set', ['f:metadata', 'f:finalizers'], ['metadata.finalizers']],
    ['a field of a list item', [...containers, 'k:{"name":"web"}', 'f:image'], ['spec.template.spec.containers[name=web].image']],
    [
      'a list that is owned as a whole',
      [...containers, 'k:{"name":"web"}', 'f:args'],
      ['spec.template.spec.containers[name=web].args'],
    ],
    [
      'a list item',
      [...containers, 'k:{"name":"side"}'],
      ['spec.template.spec.containers[name=side].image', 'spec.template.spec.containers[name=side].name'],
    ],
  ];
  test.for(cases)('%s', ([, path, fields]) => {
    expect(lostFields(deployment, live(without(path), controller, kubectlEdit), MANAGER)).toEqual({ fields, by: 'kubectl-edit' });
  });

  test('of two ports with one number, the one that is gone', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53 },
    ];
    const own = {
      'f:spec': { 'f:ports': { 'k:{"port":53,"protocol":"UDP"}': { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} } } },
    };
    expect(lostFields({ spec: { ports } }, live(own), MANAGER).fields).toEqual([
      'spec.ports[port=53].name',
      'spec.ports[port=53].port',
    ]);
    const both = {
      'f:spec': { 'f:ports': { ...own['f:spec']['f:ports'], 'k:{"port":53,"protocol":"TCP"}': { 'f:name': {}, 'f:port': {} } } },
    };
    expect(lostFields({ spec: { ports } }, live(both), MANAGER).fields).toEqual([]);
  });

  test('an empty list leaves no trace, until others put something into it', () => {
    const applied = { spec: { env: [] } };
    expect(lostFields(applied, live({ 'f:spec': { 'f:other': {} } }), MANAGER).fields).toEqual([]);
    const other: ManagedFields = {
      manager: 'bad',
      operation: 'Update',
      fieldsV1: { 'f:spec': { 'f:env': { 'k:{"name":"A"}': {} } } },
    };
    expect(lostFields(applied, live({ 'f:spec': { 'f:other': {} } }, other), MANAGER)).toEqual({
      fields: ['spec.env'],
      by: 'bad',
    });
  });

  test('who has the field is named, not who wrote last', () => {
    const holder: ManagedFields = {
      manager: 'holder',
      operation: 'Update',
      time: '2030-01-01T00:00:01Z',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    };
    expect(lostFields(deployment, live(without(['f:spec', 'f:replicas']), kubectlEdit, holder), MANAGER).by).toBe('holder');
  });

  test('everything, when somebody took our entry away', () => {
    const { fields } = lostFields({ data: { a: '1', b: { c: '2' } } }, live(undefined), MANAGER);
    expect(fields).toEqual(['data.a', 'data.b.c']);
  });

  test('replicas are not missed while somebody scales the object', () => {
    const scale: ManagedFields = {
      manager: 'kube-controller-manager',
      operation: 'Update',
      subresource: 'scale',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    };
    expect(lostFields(deployment, live(without(['f:spec', 'f:replicas']), scale), MANAGER)).toEqual({ fields: [] });
  });

  test('a key that cannot be read costs an apply, not the sync', () => {
    const odd = { 'f:spec': { 'f:list': { 'k:{broken': {} } } };
    expect(lostFields({ spec: { list: [{ name: 'a' }] } }, live(odd), MANAGER).fields).toEqual(['spec.list[].name']);
  });

  const value: fc.Memo<unknown> = fc.memo(
    (depth): fc.Arbitrary<unknown> =>
      depth <= 1
        ? fc.oneof(fc.string(), fc.integer(), fc.boolean())
        : fc.oneof(fc.string(), fc.array(fc.string()), fc.dictionary(fc.string({ minLength: 1 }), value())),
  );
  const fieldsOf = (of: unknown): object =>
    typeof of === 'object' && of !== null && !Array.isArray(of)
      ? Object.fromEntries(Object.entries(of).map(([name, each]) => [`f:${name}`, fieldsOf(each)]))
      : {};

  test('whatever is applied, and owned as it was applied, is not missed; without an owner every leaf is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), value(3)), (spec) => {
        expect(lostFields({ spec }, live(fieldsOf({ spec })), MANAGER).fields).toEqual([]);
        const hasLeaf = (each: unknown): boolean => {
          if (typeof each !== 'object' || each === null) return true;
          return Array.isArray(each) ? each.length > 0 : Object.keys(each).length === 0 || Object.values(each).some(hasLeaf);
        };
        expect(lostFields({ spec }, live({}), MANAGER).fields.length > 0).toBe(hasLeaf(spec));
      }),
    );
  });
});
