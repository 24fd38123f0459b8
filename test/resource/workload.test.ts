import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  containersOf,
  FLUX_V1_WORKLOADS,
  imageFieldChanges,
  isWorkload,
  type KubeObject,
  podSpecOf,
} from '../../src/resource/index.ts';

const object = (kind: string, spec: unknown): KubeObject => ({ apiVersion: 'x/v1', kind, metadata: { name: 'web' }, spec });

/** A workload of the kind with this pod spec where the kind has it. */
function workload(kind: string, podSpec: unknown): KubeObject {
  const template = { template: { spec: podSpec } };
  return object(kind, kind === 'CronJob' ? { jobTemplate: { spec: template } } : template);
}

const WITH_PODS = ['CronJob', 'DaemonSet', 'Deployment', 'StatefulSet'];

/** The kinds that Flux v1 does not know. */
const OTHERS = [
  ['v1', 'Pod'],
  ['batch/v1', 'Job'],
  ['argoproj.io/v1alpha1', 'Rollout'],
  ['apps.kruise.io/v1alpha1', 'CloneSet'],
  ['serving.knative.dev/v1', 'Service'],
] as const;

describe('the kinds of workloads', () => {
  test.each([...FLUX_V1_WORKLOADS])('%s is one', (kind) => {
    expect(isWorkload(object(kind, {}))).toBe(true);
  });

  test.each([...OTHERS, ['apps.kruise.io/v1beta1', 'StatefulSet'], ['apps.kruise.io/v1alpha1', 'DaemonSet']] as const)(
    '%s %s is one',
    (apiVersion, kind) => {
      expect(isWorkload({ ...object(kind, {}), apiVersion })).toBe(true);
    },
  );

  test.each(['ReplicaSet', 'ReplicationController', 'deployment', 'List', '', 'constructor', '__proto__'])(
    '%j is none',
    (kind) => {
      expect(isWorkload(object(kind, {}))).toBe(false);
    },
  );

  test.each(OTHERS)('%s %s is none in another group', (_, kind) => {
    expect(isWorkload({ ...object(kind, {}), apiVersion: 'example.org/v1' })).toBe(false);
  });

  test('the Service of Kubernetes is none', () => {
    expect(isWorkload({ ...object('Service', { template: { spec: {} } }), apiVersion: 'v1' })).toBe(false);
  });
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

  test.each(['ReplicaSet', 'HelmRelease', 'deployment', 'ConfigMap'])('of a %s are none', (kind) => {
    const podSpec = { containers: [{ name: 'a', image: 'b' }] };
    expect(podSpecOf(workload(kind, podSpec))).toBeUndefined();
    expect(containersOf(workload(kind, podSpec))).toEqual([]);
  });

  test.each(OTHERS.filter(([, kind]) => kind !== 'Pod'))('of a %s %s are those of its template', (apiVersion, kind) => {
    const template = { containers: [{ name: 'a', image: 'b' }], imagePullSecrets: [{ name: 'pull' }] };
    const manifest = { ...object(kind, { template: { spec: template } }), apiVersion };
    expect(containersOf(manifest)).toEqual([{ name: 'a', image: 'b', ...(kind === 'Job' ? { isFixed: true } : {}) }]);
    expect(podSpecOf(manifest)).toBe(template);
  });

  test('of a Pod are its own', () => {
    const pod = { ...object('Pod', { containers: [{ name: 'a', image: 'b' }] }), apiVersion: 'v1' };
    expect(containersOf(pod)).toEqual([{ name: 'a', image: 'b' }]);
  });

  test('of a Job can change if it may be recreated', () => {
    const job = (force: unknown) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', annotations: { 'fluxcd.io/force': force } },
      spec: { template: { spec: { containers: [{ name: 'a', image: 'b' }] } } },
    });
    expect(containersOf(job('true'))).toEqual([{ name: 'a', image: 'b' }]);
    expect(containersOf(job('false'))).toEqual([{ name: 'a', image: 'b', isFixed: true }]);
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
      fc.property(fc.constantFrom(...FLUX_V1_WORKLOADS), tree, tree, (kind, spec, podSpec) => {
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

describe('the images of a custom resource', () => {
  const custom = (annotations: Record<string, string>, spec: unknown, apiVersion = 'db.example.org/v1', kind = 'Cluster') => ({
    apiVersion,
    kind,
    metadata: { name: 'db', annotations },
    spec,
  });
  const SPEC = {
    image: 'acme/db:1.0.0',
    exporter: { registry: 'r.example.org', name: 'acme/exporter', version: '2.0.0' },
    sidecars: [{ image: 'acme/log:1' }, { image: 'acme/trace:2' }],
    plugins: ['acme/plugin:1'],
    size: 3,
  };
  const EXPORTER = {
    'registry.fluxcd.io/exporter': 'spec.exporter.registry',
    'repository.fluxcd.io/exporter': 'spec.exporter.name',
    'tag.fluxcd.io/exporter': 'spec.exporter.version',
  };

  test('are where its annotations say, by paths from the root', () => {
    const object = custom(
      { 'repository.fluxcd.io/db': 'spec.image', ...EXPORTER, 'repository.fluxcd.io/trace': 'spec.sidecars.1.image' },
      SPEC,
    );
    expect(isWorkload(object)).toBe(true);
    expect(containersOf(object)).toEqual([
      { name: 'db', image: 'acme/db:1.0.0' },
      { name: 'exporter', image: 'r.example.org/acme/exporter:2.0.0', isTagApart: true },
      { name: 'trace', image: 'acme/trace:2' },
    ]);
    expect(imageFieldChanges(object, 'db', 'acme/db:1.1.0')).toEqual([{ path: ['spec', 'image'], value: 'acme/db:1.1.0' }]);
    expect(imageFieldChanges(object, 'exporter', 'r.example.org/acme/exporter:2.1.0')).toEqual([
      { path: ['spec', 'exporter', 'version'], value: '2.1.0' },
    ]);
    expect(imageFieldChanges(object, 'trace', 'acme/trace:3')).toEqual([
      { path: ['spec', 'sidecars', 1, 'image'], value: 'acme/trace:3' },
    ]);
    expect(imageFieldChanges(object, 'other', 'acme/trace:3')).toBeUndefined();
  });

  test.each<[string, Record<string, string>]>([
    ['a path that leads nowhere', { 'repository.fluxcd.io/db': 'spec.nothing' }],
    ['a path to a number', { 'repository.fluxcd.io/db': 'spec.size' }],
    ['a path to a list', { 'repository.fluxcd.io/db': 'spec.sidecars' }],
    ['a path beyond a list', { 'repository.fluxcd.io/db': 'spec.sidecars.2.image' }],
    ['a path to an item that is text', { 'repository.fluxcd.io/db': 'spec.plugins.0' }],
    ['a path without root', { 'repository.fluxcd.io/db': 'image' }],
    ['a path into the prototype', { 'repository.fluxcd.io/db': 'spec.constructor.name' }],
    ['an empty path', { 'repository.fluxcd.io/db': '' }],
    ['a tag without a name', { 'tag.fluxcd.io/db': 'spec.image' }],
    ['two fields at one path', { 'repository.fluxcd.io/db': 'spec.image', 'tag.fluxcd.io/db': 'spec.image' }],
    ['no container', { 'repository.fluxcd.io/': 'spec.image' }],
  ])('are none by %s', (_, annotations) => {
    const object = custom(annotations, SPEC);
    expect(containersOf(object)).toEqual([]);
    expect(isWorkload(object)).toBe(false);
  });

  test.each([
    ['v1', 'ConfigMap'],
    ['v1', 'Secret'],
    ['apps/v1', 'ReplicaSet'],
    ['networking.k8s.io/v1', 'Ingress'],
    ['rbac.authorization.k8s.io/v1', 'Role'],
    ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
  ])('are none in an object of Kubernetes: %s %s', (apiVersion, kind) => {
    expect(containersOf(custom({ 'repository.fluxcd.io/db': 'spec.image' }, SPEC, apiVersion, kind))).toEqual([]);
  });

  test.each(['gateway.networking.k8s.io/v1', 'snapshot.storage.k8s.io/v1', 'cluster.x-k8s.io/v1'])(
    'are in one whose group is only named like those of Kubernetes: %s',
    (apiVersion) => {
      const object = custom({ 'repository.fluxcd.io/db': 'spec.image' }, SPEC, apiVersion, 'Gateway');
      expect(containersOf(object)).toEqual([{ name: 'db', image: 'acme/db:1.0.0' }]);
    },
  );

  test('are not looked for in a workload with containers', () => {
    const rollout = custom({ 'repository.fluxcd.io/db': 'spec.image' }, SPEC, 'argoproj.io/v1alpha1', 'Rollout');
    expect(containersOf(rollout)).toEqual([]);
  });
});
