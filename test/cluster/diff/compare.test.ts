import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareObjects } from '../../../src/cluster/diff/compare.ts';
import { compareSecrets } from '../../../src/cluster/diff/compare-secrets.ts';
import { CHECKSUM_ANNOTATION, MARK_LABEL } from '../../../src/cluster/index.ts';

const object = (rest: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', ...metadata },
  ...rest,
});

describe('fields that differ', () => {
  const cases: readonly (readonly [string, object, object, object[]])[] = [
    ['nothing', { spec: { a: 1 } }, { spec: { a: 1 } }, []],
    ['a value', { spec: { a: 1 } }, { spec: { a: 2 } }, [{ path: 'spec.a', from: 1, to: 2 }]],
    [
      'a new field',
      { spec: {} },
      { spec: { a: 'x' } },
      [
        { path: 'spec', from: {} },
        { path: 'spec.a', to: 'x' },
      ],
    ],
    ['a field that goes', { spec: { a: 1, b: 2 } }, { spec: { b: 2 } }, [{ path: 'spec.a', from: 1 }]],
    [
      'an object that becomes empty',
      { spec: { a: { b: 1 } } },
      { spec: { a: {} } },
      [
        { path: 'spec.a', to: {} },
        { path: 'spec.a.b', from: 1 },
      ],
    ],
    ['null, which is no value', { spec: { a: null, b: 1 } }, { spec: { b: 1 } }, []],
    ['another type', { spec: { a: [1] } }, { spec: { a: 'x' } }, [{ path: 'spec.a', from: [1], to: 'x' }]],
    [
      'a list of plain values, as one',
      { args: ['a', 'b'] },
      { args: ['a', 'c'] },
      [{ path: 'args', from: ['a', 'b'], to: ['a', 'c'] }],
    ],
    [
      'items by name, wherever they stand',
      { c: [{ name: 'web', image: '1' }] },
      {
        c: [
          { name: 'side', image: '9' },
          { name: 'web', image: '2' },
        ],
      },
      [
        { path: 'c[name=side].image', to: '9' },
        { path: 'c[name=side].name', to: 'side' },
        { path: 'c[name=web].image', from: '1', to: '2' },
      ],
    ],
    [
      'items by position, where no name tells them apart',
      {
        c: [
          { name: 'x', v: 1 },
          { name: 'x', v: 2 },
        ],
      },
      {
        c: [
          { name: 'x', v: 1 },
          { name: 'x', v: 3 },
        ],
      },
      [{ path: 'c[1].v', from: 2, to: 3 }],
    ],
    [
      'the order of items',
      { c: [{ name: 'a' }, { name: 'b' }] },
      { c: [{ name: 'b' }, { name: 'a' }] },
      [{ path: 'c (order)', from: ['name=a', 'name=b'], to: ['name=b', 'name=a'] }],
    ],
    ['keys with dots', { data: { 'a.b': '1' } }, { data: { 'a.b': '2' } }, [{ path: 'data["a.b"]', from: '1', to: '2' }]],
  ];

  test.for(cases)('%s', ([, from, to, expected]) => {
    expect(compareObjects(object(from), object(to))).toEqual(expected);
  });

  test('items are told apart by the keys that managedFields shows', () => {
    const managedFields = [
      { manager: 'flux', fieldsV1: { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } } } } },
      { manager: 'odd', fieldsV1: { 'f:spec': { 'f:other': { 'k:not json': {} } } } },
    ];
    const ports = (name: string) => ({ spec: { ports: [{ port: 80, protocol: 'TCP', name }], other: [{ id: 1 }] } });
    expect(compareObjects(object(ports('http')), object(ports('web'), { managedFields }))).toEqual([
      { path: 'spec.ports[port=80,protocol=TCP].name', from: 'http', to: 'web' },
    ]);
  });

  test('leaves out what only a server writes, the status, and our own mark and checksum', () => {
    const live = object(
      { status: { replicas: 1 } },
      {
        uid: 'u',
        resourceVersion: '1',
        generation: 1,
        creationTimestamp: 'now',
        managedFields: [{ manager: 'x' }],
        labels: { app: 'a' },
      },
    );
    const wanted = object(
      { status: { replicas: 2 } },
      {
        uid: 'u',
        resourceVersion: '2',
        generation: 2,
        labels: { app: 'a', [MARK_LABEL]: 'm' },
        annotations: { [CHECKSUM_ANNOTATION]: 'c' },
      },
    );
    expect(compareObjects(live, wanted)).toEqual([]);
  });

  test('of a new object shows every field that Git or the server gives it', () => {
    expect(compareObjects(undefined, object({ data: { a: '1' } }, { labels: { app: 'a', [MARK_LABEL]: 'm' } }))).toEqual([
      { path: 'data.a', to: '1' },
      { path: 'metadata.labels.app', to: 'a' },
    ]);
  });

  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c'), value: tie('value') }), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b.c', 'd', '__proto__', '0'), tie('value'), { maxKeys: 3 }),
    ),
  })).value;

  test('turn one state into the other: applied to the leaves of the first they give those of the second', () => {
    const leaves = (spec: unknown) =>
      new Map(compareObjects(undefined, object({ spec })).map(({ path, to }): [string, unknown] => [path, to]));
    fc.assert(
      fc.property(value, value, (from, to) => {
        const state = leaves(from);
        for (const { path, to: next } of compareObjects(object({ spec: from }), object({ spec: to }))) {
          if (path.endsWith(' (order)')) continue;
          if (next === undefined) state.delete(path);
          else state.set(path, next);
        }
        expect(new Map([...state].sort())).toEqual(new Map([...leaves(to)].sort()));
      }),
    );
  });

  test('backwards are the same with both sides exchanged, and of a state with itself there are none', () => {
    const exchanged = (fields: ReturnType<typeof compareObjects>) =>
      fields.map(({ path, ...sides }) => ({
        path,
        ...('to' in sides ? { from: sides.to } : {}),
        ...('from' in sides ? { to: sides.from } : {}),
      }));
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [from, to] = [object({ spec: a }), object({ spec: b })];
        expect([...compareObjects(to, from)].sort(byPath)).toEqual(exchanged(compareObjects(from, to)).sort(byPath));
        expect(compareObjects(from, structuredClone(from))).toEqual([]);
      }),
    );
  });
});

describe('a Secret', () => {
  const masked = (from: object | undefined, to: object) => compareSecrets(from && object(from), object(to));

  test('shows that and where it differs, and nothing of what it holds (S-074)', () => {
    const last = (text: string) => ({
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text, note: `was ${text}` },
    });
    const from = {
      data: { a: 'b2xkLXNlY3JldA==', gone: 'Z29uZQ==' },
      metadata: { name: 'a', ...last('old-secret') },
      type: 'Opaque',
    };
    const to = {
      data: { a: 'bmV3LXNlY3JldA==', added: 'YWRkZWQ=' },
      metadata: { name: 'a', ...last('new-secret') },
      type: 'Other',
    };
    expect(masked(from, to)).toEqual([
      { path: 'data.a', from: '***', to: '*** (changed)' },
      { path: 'data.added', to: '***' },
      { path: 'data.gone', from: '***' },
      { path: 'metadata.annotations.note', from: '***', to: '*** (changed)' },
      { path: 'type', from: 'Opaque', to: 'Other' },
    ]);
  });

  test('whatever its form, never puts a value into a path or a difference', () => {
    const canary = 'c4n4ry-value';
    const inner = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constant(canary),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.array(fc.record({ name: fc.constant(canary) }), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'name'), tie('value'), { maxKeys: 2 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.option(inner), inner, inner, (before, data, stringData) => {
        const fields = masked(before === null ? undefined : { data: before }, {
          data,
          stringData,
          metadata: { annotations: { copy: canary } },
        });
        // A key is a name, not a value.
        fc.pre(JSON.stringify([data, stringData]).includes(canary));
        expect(JSON.stringify(fields)).not.toContain(canary);
      }),
    );
  });
});
