import fc from 'fast-check';
import type { JsonMap } from '../../../src/base/index.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd');
const text = fc.constantFrom('x', 'y', '1', '');

function named(key: string, names: fc.Arbitrary<string | number>, fields: fc.Arbitrary<JsonMap>): fc.Arbitrary<JsonMap[]> {
  return fc
    .uniqueArray(fc.tuple(names, fields), { selector: ([each]) => each, maxLength: 4 })
    .map((items) => items.map(([each, rest]) => ({ [key]: each, ...rest })));
}

const some = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<JsonMap>;

const container = some({
  image: text,
  command: fc.array(text, { maxLength: 2 }),
  env: named('name', name, some({ value: text })),
  ports: named('containerPort', fc.integer({ min: 1, max: 4 }), some({ protocol: text })),
  volumeMounts: named('mountPath', name, some({ name: text })),
  resources: some({ limits: some({ cpu: text, memory: text }) }),
});

const metadata = some({
  labels: fc.dictionary(name, text, { maxKeys: 3, noNullPrototype: true }),
  annotations: fc.dictionary(name, text, { maxKeys: 3, noNullPrototype: true }),
  finalizers: fc.uniqueArray(name, { maxLength: 4 }),
});

const volume = some({
  emptyDir: some({ medium: text }),
  secret: some({ secretName: text }),
  ephemeral: some({ volumeClaimTemplate: some({ metadata }) }),
});

const podSpec = some({
  containers: named('name', name, container),
  initContainers: named('name', name, container),
  volumes: named('name', name, volume),
  tolerations: fc.array(some({ key: text }), { maxLength: 2 }),
  imagePullSecrets: named('name', name, fc.constant({})),
});

const KINDS: readonly (readonly [apiVersion: string, kind: string, spec: fc.Arbitrary<JsonMap>])[] = [
  [
    'apps/v1',
    'Deployment',
    some({
      replicas: fc.integer({ min: 0, max: 3 }),
      strategy: some({ type: text, rollingUpdate: some({ maxSurge: text }) }),
      template: some({ metadata, spec: podSpec }),
    }),
  ],
  [
    'v1',
    'Service',
    some({ ports: named('port', fc.integer({ min: 1, max: 4 }), some({ name: text })), selector: some({ a: text, b: text }) }),
  ],
  ['batch/v1', 'CronJob', some({ jobTemplate: some({ spec: some({ template: some({ spec: podSpec }) }) }) })],
  [
    'policy/v1',
    'PodDisruptionBudget',
    some({ maxUnavailable: text, selector: some({ matchLabels: some({ a: text, b: text }) }) }),
  ],
  ['resource.k8s.io/v1', 'ResourceClaimTemplate', some({ metadata, spec: some({ config: text }) })],
  [
    'helm.fluxcd.io/v1',
    'HelmRelease',
    some({ values: fc.dictionary(name, fc.oneof(text, some({ a: text, b: fc.array(text) })), { noNullPrototype: true }) }),
  ],
];

/** Two objects of one kind. */
export const pairs: fc.Arbitrary<readonly [JsonMap, JsonMap]> = fc.constantFrom(...KINDS).chain(([apiVersion, kind, spec]) => {
  const object = fc
    .record({ metadata, spec })
    .map((each): JsonMap => ({ apiVersion, kind, metadata: { name: 'web', ...each.metadata }, spec: each.spec }));
  return fc.tuple(object, object);
});
