import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { containersOf, isWorkloadKind, type KubeObject, podSpecOf, WORKLOAD_KINDS } from '../../src/resource/index.ts';

const object = (kind: string, spec: unknown): KubeObject => ({ apiVersion: 'x/v1', kind, metadata: { name: 'web' }, spec });

/** A workload of the kind with this pod spec where the kind has it. */
function workload(kind: string, podSpec: unknown): KubeObject {
  const template = { template: { spec: podSpec } };
  return object(kind, kind === 'CronJob' ? { jobTemplate: { spec: template } } : template);
}

const WITH_PODS = ['CronJob', 'DaemonSet', 'Deployment', 'StatefulSet'];

describe('the kinds of workloads', () => {
  test.each([...WORKLOAD_KINDS])('%s is one', (kind) => {
    expect(isWorkloadKind(kind)).toBe(true);
  });

  test.each(['Pod', 'Job', 'ReplicaSet', 'ReplicationController', 'deployment', 'List', '', 'constructor', '__proto__'])(
    '%j is none',
    (kind) => {
      expect(isWorkloadKind(kind)).toBe(false);
    },
  );
});

describe('the containers of a workload', () => {
  test.each(WITH_PODS)('of a %s are its containers, then its init containers, in order', (kind) => {
    const podSpec = {
      initContainers: [{ name: 'migrate', image: 'db:1' }],
      containers: [
        { name: 'web', image: 'web:2', ports: [] },
        { name: 'side', image: 'side:3' },
      ],
      ephemeralContainers: [{ name: 'debug', image: 'debug:4' }],
    };
    expect(podSpecOf(workload(kind, podSpec))).toBe(podSpec);
    expect(containersOf(workload(kind, podSpec))).toEqual([
      { name: 'web', image: 'web:2' },
      { name: 'side', image: 'side:3' },
      { name: 'migrate', image: 'db:1' },
    ]);
  });

  test('are found by kind alone, in any apiVersion', () => {
    const old = { ...workload('Deployment', { containers: [{ name: 'a', image: 'b' }] }), apiVersion: 'extensions/v1beta1' };
    expect(containersOf(old)).toEqual([{ name: 'a', image: 'b' }]);
  });

  test.each(['Pod', 'Job', 'ReplicaSet', 'HelmRelease', 'deployment', 'ConfigMap'])('of a %s are none', (kind) => {
    const podSpec = { containers: [{ name: 'a', image: 'b' }] };
    expect(podSpecOf(workload(kind, podSpec))).toBeUndefined();
    expect(containersOf(workload(kind, podSpec))).toEqual([]);
  });

  test('of a CronJob are not looked for where a Deployment has them', () => {
    expect(containersOf(object('CronJob', { template: { spec: { containers: [{ name: 'a', image: 'b' }] } } }))).toEqual([]);
  });

  test.each<[string, unknown, readonly unknown[]]>([
    ['no image', [{ name: 'a' }], [{ name: 'a', image: '' }]],
    ['an empty image', [{ name: 'a', image: '' }], [{ name: 'a', image: '' }]],
    ['an image that is no text', [{ name: 'a', image: { x: 1 } }], [{ name: 'a', image: '' }]],
    ['a malformed image', [{ name: 'a', image: 'B ad:::' }], [{ name: 'a', image: 'B ad:::' }]],
    ['no name', [{ image: 'x' }, { name: 'a', image: 'b' }], [{ name: 'a', image: 'b' }]],
    ['a name that is no text', [{ name: 7, image: 'x' }], []],
    ['entries that are no objects', [null, 'a', 7, [], [{ name: 'a' }]], []],
    ['a mapping in place of the list', { 0: { name: 'a', image: 'b' }, length: 1 }, []],
    ['a text in place of the list', 'web', []],
    ['null in place of the list', null, []],
    ['an empty list', [], []],
    [
      'one name twice',
      [
        { name: 'a', image: 'b' },
        { name: 'a', image: 'c' },
      ],
      [
        { name: 'a', image: 'b' },
        { name: 'a', image: 'c' },
      ],
    ],
  ])('with %s', (_what, containers, expected) => {
    expect(containersOf(workload('Deployment', { containers }))).toEqual(expected);
    expect(containersOf(workload('Deployment', { initContainers: containers }))).toEqual(expected);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a list', [{ template: { spec: { containers: [{ name: 'a' }] } } }]],
    ['an empty mapping', {}],
    ['a template that is null', { template: null }],
    ['a template that is a text', { template: 'x' }],
    ['a pod spec that is null', { template: { spec: null } }],
    ['a pod spec that is a list', { template: { spec: [] } }],
    ['a template that is only inherited', Object.create({ template: { spec: { containers: [{ name: 'a' }] } } })],
  ])('with %s for a spec are none', (_what, spec) => {
    for (const kind of ['Deployment', 'CronJob']) {
      expect(podSpecOf(object(kind, spec))).toBeUndefined();
      expect(containersOf(object(kind, spec))).toEqual([]);
    }
    expect(podSpecOf(object('CronJob', { jobTemplate: spec }))).toBeUndefined();
  });

  test('of anything at all are a list of names and images, and looking does not change it', () => {
    const key = fc.constantFrom(
      'spec',
      'template',
      'jobTemplate',
      'containers',
      'initContainers',
      'name',
      'image',
      '__proto__',
      'x',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'large', maxDepth: 7 },
        fc.constantFrom(null, '', 'a', 7, true, undefined),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom(...WORKLOAD_KINDS), tree, tree, (kind, spec, podSpec) => {
        for (const any of [object(kind, spec), workload(kind, podSpec)]) {
          const before = JSON.stringify(any);
          for (const container of containersOf(any)) {
            expect(Object.keys(container)).toEqual(['name', 'image']);
            expect([typeof container.name, typeof container.image]).toEqual(['string', 'string']);
          }
          expect(JSON.stringify(any)).toBe(before);
        }
      }),
      { numRuns: 500 },
    );
  });
});
