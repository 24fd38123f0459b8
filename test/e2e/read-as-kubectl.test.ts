import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { type KubeJson, manifest, startWorld, type World, writesOf } from './harness/index.ts';
import { runOk } from './harness/process.ts';

/**
 * Manifests that `kubectl apply` took and server-side apply refuses or reads otherwise. What comes out is compared with
 * what is expected and, on a real cluster, with what kubectl itself makes of the same file in another namespace.
 */

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface Case {
  readonly name: string;
  readonly kind: string;
  /** Below `metadata: { name, namespace`; a line of its own begins without indentation. */
  readonly metadata?: string;
  readonly rest: string;
  /** How the object is understood: by the kubelet, or by whoever reads it. */
  readonly reading: (live: KubeJson) => unknown;
  readonly expected: unknown;
  /** Undefined when there is nothing to warn of. */
  readonly warning?: RegExp;
}

const KINDS: Readonly<Record<string, { readonly apiVersion: string; readonly path: (namespace: string) => string }>> = {
  ConfigMap: { apiVersion: 'v1', path: (ns) => `api/v1/namespaces/${ns}/configmaps` },
  CronJob: { apiVersion: 'batch/v1', path: (ns) => `apis/batch/v1/namespaces/${ns}/cronjobs` },
  Deployment: { apiVersion: 'apps/v1', path: (ns) => `apis/apps/v1/namespaces/${ns}/deployments` },
  Secret: { apiVersion: 'v1', path: (ns) => `api/v1/namespaces/${ns}/secrets` },
  Service: { apiVersion: 'v1', path: (ns) => `api/v1/namespaces/${ns}/services` },
  ServiceAccount: { apiVersion: 'v1', path: (ns) => `api/v1/namespaces/${ns}/serviceaccounts` },
  StatefulSet: { apiVersion: 'apps/v1', path: (ns) => `apis/apps/v1/namespaces/${ns}/statefulsets` },
};

type Named = { readonly name: string; readonly value?: string; readonly valueFrom?: object };
/** As a container sees its environment: of a name given twice the last counts. */
const env = (list: readonly Named[] = []) =>
  Object.fromEntries(list.map(({ name, value, valueFrom }) => [name, valueFrom ?? value]));
const pod = (live: KubeJson) => (live.spec.jobTemplate?.spec ?? live.spec).template.spec;
const container = (live: KubeJson) => pod(live).containers[0];
const ports = (live: KubeJson) =>
  Object.values(
    (container(live).ports as readonly { containerPort: number; protocol: string }[]).reduce<Record<string, object>>(
      (all, port) => {
        const key = `${port.containerPort}/${port.protocol}`;
        return Object.assign(all, { [key]: { ...all[key], ...port } });
      },
      {},
    ),
  );

const workload = (container = '', spec = '', top = '') => `spec:
  replicas: 0
${top}  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
${spec}      containers:
        - name: web
          image: example.org/web:1
${container}`;

const DEPLOYMENT: readonly Case[] = [
  {
    name: 'env-twice',
    kind: 'Deployment',
    rest: workload('          env: [{ name: A, value: one }, { name: B, value: two }, { name: A, value: three }]\n'),
    reading: (live) => env(container(live).env),
    expected: { A: 'three', B: 'two' },
    warning: /spec\.template\.spec\.containers\[name="web"\]\.env\[name="A"\] is given more than once: the last one counts/,
  },
  {
    name: 'env-value-and-source',
    kind: 'Deployment',
    rest: workload(
      '          env: [{ name: A, value: one }, { name: A, valueFrom: { fieldRef: { apiVersion: v1, fieldPath: metadata.name } } }]\n',
    ),
    reading: (live) => env(container(live).env),
    expected: { A: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    warning: /env\[name="A"\] is given more than once/,
  },
  {
    name: 'env-many-times',
    kind: 'Deployment',
    rest: workload(
      '          env: [{ name: C, value: a }, { name: D, value: d }, { name: C, value: b }, { name: C, value: c }, { name: D, value: d }]\n',
    ),
    reading: (live) => env(container(live).env),
    expected: { C: 'c', D: 'd' },
    warning: /env\[name="D"\] is given more than once: identical, merged into one/,
  },
  {
    name: 'env-of-init-container',
    kind: 'Deployment',
    rest: workload(
      '          env: [{ name: A, value: one }, { name: A, value: two }]\n',
      '      initContainers: [{ name: first, image: "x:1", env: [{ name: A, value: one }, { name: A, value: two }] }]\n',
    ),
    reading: (live) => [env(container(live).env), env(pod(live).initContainers[0].env)],
    expected: [{ A: 'two' }, { A: 'two' }],
    warning: /initContainers\[name="first"\]\.env\[name="A"\]/,
  },
  {
    name: 'env-that-refers',
    kind: 'Deployment',
    rest: workload('          env: [{ name: A, value: one }, { name: B, value: two }, { name: A, value: "$(B)-x" }]\n'),
    reading: (live) => env(container(live).env),
    expected: { A: '$(B)-x', B: 'two' },
    warning: /env\[name="A"\]/,
  },
  {
    name: 'port-twice-one-named',
    kind: 'Deployment',
    rest: workload(
      '          ports: [{ containerPort: 80 }, { containerPort: 80, name: http, protocol: TCP }, { containerPort: 81 }]\n',
    ),
    reading: ports,
    expected: [
      { containerPort: 80, protocol: 'TCP', name: 'http' },
      { containerPort: 81, protocol: 'TCP' },
    ],
    warning: /ports\[containerPort=80,protocol="TCP"\] is given more than once: taken as one port/,
  },
  {
    name: 'port-twice',
    kind: 'Deployment',
    rest: workload('          ports: [{ containerPort: 80 }, { containerPort: 80 }]\n'),
    reading: ports,
    expected: [{ containerPort: 80, protocol: 'TCP' }],
    warning: /ports\[containerPort=80,protocol="TCP"\] is given more than once: identical, merged into one/,
  },
  {
    name: 'pull-secret-twice',
    kind: 'Deployment',
    rest: workload('', '      imagePullSecrets: [{ name: a }, { name: b }, { name: a }]\n'),
    reading: (live) => new Set(pod(live).imagePullSecrets.map(({ name }: Named) => name)),
    expected: new Set(['a', 'b']),
    warning: /imagePullSecrets\[name="a"\] is given more than once/,
  },
  {
    name: 'host-alias-twice',
    kind: 'Deployment',
    rest: workload('', '      hostAliases: [{ ip: 10.1.2.3, hostnames: [a] }, { ip: 10.1.2.3, hostnames: [b] }]\n'),
    reading: (live) =>
      pod(live).hostAliases.flatMap((alias: { ip: string; hostnames: string[] }) =>
        alias.hostnames.map((name) => [alias.ip, name]),
      ),
    expected: [
      ['10.1.2.3', 'a'],
      ['10.1.2.3', 'b'],
    ],
    warning: /hostAliases\[ip="10\.1\.2\.3"\] is given more than once: the host names of all/,
  },
  {
    name: 'exported',
    kind: 'Deployment',
    metadata:
      ', uid: 9f1c5d3e-0000-4000-8000-000000000000, generation: 7, selfLink: /x, creationTimestamp: "2020-01-01T00:00:00Z"',
    rest: `${workload()}status: { replicas: 3, observedGeneration: 7 }\n`,
    reading: ({ metadata, status }) => [
      metadata.uid === '9f1c5d3e-0000-4000-8000-000000000000',
      (metadata as { creationTimestamp?: string }).creationTimestamp === '2020-01-01T00:00:00Z',
      status?.replicas ?? 0,
    ],
    expected: [false, false, 0],
    warning: /^status, metadata\.uid, metadata\.generation, metadata\.selfLink, metadata\.creationTimestamp: omitted/,
  },
  {
    name: 'written-by-tools',
    kind: 'Deployment',
    metadata: ', creationTimestamp: null',
    rest: `${workload().replace('{ labels: { app: web } }', '{ labels: { app: web }, creationTimestamp: null }')}status: {}\n`,
    reading: (live) => live.spec.template.metadata.labels,
    expected: { app: 'web' },
  },
  {
    name: 'nulls-in-pods',
    kind: 'Deployment',
    rest: workload(
      '          command: null\n          resources: null\n          env: [{ name: A, value: null }]\n          args: [a, null, b]\n',
      '      nodeSelector: { disk: null }\n      volumes: [{ name: v, emptyDir: null }]\n',
      '  strategy: null\n',
    ),
    reading: (live) => [
      pod(live).nodeSelector ?? {},
      pod(live).volumes,
      container(live).command,
      container(live).args,
      env(container(live).env),
      live.spec.strategy.type,
    ],
    expected: [{}, [{ name: 'v', emptyDir: {} }], undefined, ['a', '', 'b'], { A: undefined }, 'RollingUpdate'],
    warning: /spec\.strategy, .*spec\.template\.spec\.nodeSelector\.disk.*: null, treated as an absent field/,
  },
  {
    name: 'same-port-two-protocols',
    kind: 'Deployment',
    rest: workload('          ports: [{ containerPort: 53, name: a }, { containerPort: 53, name: b, protocol: UDP }]\n'),
    reading: ports,
    expected: [
      { containerPort: 53, protocol: 'TCP', name: 'a' },
      { containerPort: 53, protocol: 'UDP', name: 'b' },
    ],
  },
];

const OTHERS: readonly Case[] = [
  {
    name: 'env-of-cron-job',
    kind: 'CronJob',
    rest: `spec:
  schedule: "0 0 1 1 *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{ name: web, image: "x:1", env: [{ name: A, value: one }, { name: A, value: two }] }]
`,
    reading: (live) => env(container(live).env),
    expected: { A: 'two' },
    warning: /spec\.jobTemplate\.spec\.template\.spec\.containers\[name="web"\]\.env\[name="A"\]/,
  },
  {
    name: 'claim-with-status',
    kind: 'StatefulSet',
    rest: `${workload('', '', '  serviceName: web\n')}  volumeClaimTemplates:
    - metadata: { name: data, creationTimestamp: null }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } }, volumeName: null }
      status: {}
`,
    reading: (live) =>
      live.spec.volumeClaimTemplates.map(({ metadata, spec }: KubeJson) => [metadata.name, spec.resources.requests]),
    expected: [['data', { storage: '1Gi' }]],
    warning: /volumeClaimTemplates\[0\]\.spec\.volumeName: null/,
  },
  {
    name: 'finalizer-twice',
    kind: 'ConfigMap',
    metadata: ', finalizers: [foregroundDeletion, foregroundDeletion]',
    rest: 'data: { a: b }\n',
    reading: ({ metadata }) => [...new Set((metadata as { finalizers?: string[] }).finalizers)],
    expected: ['foregroundDeletion'],
    warning: /metadata\.finalizers\[="foregroundDeletion"\] is given more than once/,
  },
  {
    name: 'stale-version',
    kind: 'ConfigMap',
    metadata: ', resourceVersion: "1"',
    rest: 'data: { a: b }\n',
    reading: ({ data }) => data,
    expected: { a: 'b' },
    warning: /^metadata\.resourceVersion: omitted, because only the cluster sets it/,
  },
  {
    name: 'managed-fields',
    kind: 'ConfigMap',
    metadata:
      ', managedFields: [{ manager: x, operation: Apply, apiVersion: v1, fieldsType: FieldsV1, fieldsV1: { "f:data": {} } }]',
    rest: 'data: { a: b }\n',
    reading: ({ data }) => data,
    expected: { a: 'b' },
    warning: /^metadata\.managedFields: omitted/,
  },
  {
    name: 'last-applied',
    kind: 'ConfigMap',
    metadata: `, annotations: { kubectl.kubernetes.io/last-applied-configuration: '{"data":{"old":"x"}}', mine: "1" }`,
    rest: 'data: { a: b }\n',
    reading: ({ data, metadata }) => [data, metadata.annotations?.mine],
    expected: [{ a: 'b' }, '1'],
    warning: /^metadata\.annotations\[kubectl\.kubernetes\.io\/last-applied-configuration\]: omitted/,
  },
  {
    name: 'status-where-none-is',
    kind: 'ConfigMap',
    rest: 'data: { a: b }\nstatus: { done: true }\n',
    reading: ({ data, status }) => [data, status],
    expected: [{ a: 'b' }, undefined],
    warning: /^status: omitted/,
  },
  {
    name: 'null-labels',
    kind: 'ConfigMap',
    metadata: ', labels: { a: null, b: x }, annotations: { c: null }',
    rest: 'data: { a: b }\n',
    reading: ({ metadata }) => [metadata.labels?.a, metadata.labels?.b, metadata.annotations?.c],
    expected: [undefined, 'x', ''],
    warning: /^metadata\.labels\.a: null/,
  },
  {
    name: 'null-data',
    kind: 'ConfigMap',
    rest: 'data: { a: null, b: x }\nbinaryData: null\n',
    reading: ({ data }) => data,
    expected: { b: 'x' },
    warning: /^data\.a, binaryData: null/,
  },
  {
    name: 'key-twice',
    kind: 'ConfigMap',
    rest: 'data:\n  a: first\n  a: last\n',
    reading: ({ data }) => data,
    expected: { a: 'last' },
    warning: /"a"/,
  },
  {
    name: 'null-secrets',
    kind: 'Secret',
    rest: 'data: { a: null, c: eA== }\nstringData: { b: x, d: null }\n',
    reading: ({ data }) => data,
    expected: { b: 'eA==', c: 'eA==' },
    warning: /^data\.a, stringData\.d: null/,
  },
  {
    name: 'null-service',
    kind: 'Service',
    rest: 'spec: { type: null, clusterIP: null, externalIPs: null, selector: { app: web }, ports: [{ port: 80, name: null }] }\n',
    reading: ({ spec }) => [spec.type, spec.externalIPs, spec.ports[0].port],
    expected: ['ClusterIP', undefined, 80],
    warning: /^spec\.type, spec\.clusterIP, spec\.externalIPs, spec\.ports\[0\]\.name: null/,
  },
  {
    name: 'secret-reference-twice',
    kind: 'ServiceAccount',
    rest: 'secrets: [{ name: a }, { name: a }]\nimagePullSecrets: [{ name: b }, { name: b }]\n',
    reading: ({ secrets, imagePullSecrets }) =>
      [secrets, imagePullSecrets].map((list) => [...new Set(list.map(({ name }: Named) => name))]),
    expected: [['a'], ['b']],
    warning: /^secrets\[name="a"\] is given more than once/,
  },
];

const CASES = [...DEPLOYMENT, ...OTHERS];

function yaml(namespace: string, { name, kind, metadata = '', rest }: Case): string {
  return `apiVersion: ${KINDS[kind]?.apiVersion}\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace}${metadata} }\n${rest}`;
}

function pathOf(namespace: string, { name, kind }: Case): string {
  return `${KINDS[kind]?.path(namespace)}/${name}`;
}

test.runIf(thorough('manifests that kubectl took, end to end'))(
  `${CASES.length} manifests that kubectl took are read as kubectl and the kubelet read them, with warnings that name the file`,
  async () => {
    const shop = world.namespace('read');
    const repository = await world.repository();
    await repository.commit('The namespace', { 'namespace.yaml': manifest.namespace(shop) });
    const fluxd = await world.fluxd(repository, { args: ['--registry-disable-scanning', '--git-poll-interval=1h'] });
    await repository.synced(repository.head());
    await repository.commit('All cases', Object.fromEntries(CASES.map((each) => [`${each.name}.yaml`, yaml(shop, each)])));

    const report = await fluxd.sync();
    expect(report.changes.filter(({ outcome }) => outcome !== 'created')).toEqual([]);
    expect(report.counts).toEqual({ created: CASES.length, unchanged: 1 });
    for (const each of CASES) {
      expect([each.name, each.reading(await world.kube.get(pathOf(shop, each)))]).toEqual([each.name, each.expected]);
      const warnings = report.warnings.filter(({ file }) => file === `${each.name}.yaml`);
      const told = warnings.map(({ error }) => error.message);
      if (each.warning === undefined) expect([each.name, told]).toEqual([each.name, []]);
      else expect([each.name, told]).toEqual([each.name, expect.arrayContaining([expect.stringMatching(each.warning)])]);
      for (const { line } of warnings) expect(line).toBeGreaterThan(0);
    }
    expect(fluxd.log()).toContain('hostAliases[ip=');

    fluxd.proxy.clear();
    expect((await fluxd.sync()).counts).toEqual({ unchanged: CASES.length + 1 });
    expect(writesOf(fluxd.proxy)).toEqual([]);
    if (world.runsPods) await compareWithKubectl();
  },
);

/** What kubectl makes of the same files, on a real cluster. */
async function compareWithKubectl(): Promise<void> {
  const namespace = world.namespace('kubectl');
  await world.kube.create('api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-kubectl-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const each of CASES) {
    // kubectl has refused it since 1.27; until then, and with Flux v1, the last one counted.
    if (each.name === 'key-twice') continue;
    const file = join(directory, `${each.name}.yaml`);
    writeFileSync(file, yaml(namespace, each));
    await runOk('kubectl', ['--kubeconfig', world.kubeconfig, 'apply', '--validate=false', '-f', file], {
      env: { HOME: directory },
    });
    expect([each.name, each.reading(await world.kube.get(pathOf(namespace, each)))]).toEqual([each.name, each.expected]);
  }
}

test.runIf(thorough('nulls in custom resources'))(
  'a null in a custom resource stays where its schema allows it, and is left out where it does not',
  async () => {
    const [shop, group] = [world.namespace('read'), `${world.unique('read')}.example.org`];
    const repository = await world.repository();
    const note = { type: 'string', nullable: true };
    await repository.commit('A part', {
      'namespace.yaml': manifest.namespace(shop),
      'crd.yaml': manifest.customResourceDefinition(group, 'Part', { note }),
      'part.yaml': `apiVersion: ${group}/v1\nkind: Part\nmetadata: { name: p, namespace: ${shop} }\nspec: { size: null, note: null }\n`,
    });
    await world.fluxd(repository);
    await repository.synced(repository.head());
    expect((await world.kube.get(`apis/${group}/v1/namespaces/${shop}/parts/p`)).spec).toEqual({ note: null });
  },
);

test.runIf(thorough('duplicates that have no reading'))(
  'duplicates that have no reading are refused in the words of the API server, and hold up nothing else',
  async () => {
    const shop = world.namespace('read');
    const repository = await world.repository();
    const service = 'spec: { ports: [{ port: 53, name: a }, { port: 53, name: b }] }\n';
    await repository.commit('Contradictions', {
      'namespace.yaml': manifest.namespace(shop),
      'service.yaml': `apiVersion: v1\nkind: Service\nmetadata: { name: dns, namespace: ${shop} }\n${service}`,
      'web.yaml': manifest
        .deployment({ namespace: shop, name: 'web', image: 'x:1', replicas: 0 })
        .replace(
          '          ports:\n',
          '          volumeMounts: [{ name: a, mountPath: /x }, { name: b, mountPath: /x }]\n          ports:\n',
        ),
      'good.yaml': manifest.configMap(shop, 'good'),
    });
    const fluxd = await world.fluxd(repository);
    await repository.synced(repository.head());
    const { counts, changes } = await fluxd.sync();
    expect(counts).toEqual({ failed: 2, unchanged: 2 });
    const messages = changes.map(({ error }) => error?.message);
    expect(messages).toContainEqual(expect.stringContaining('.spec.ports: duplicate entries for key [port=53,protocol="TCP"]'));
    expect(messages).toContainEqual(expect.stringContaining('volumeMounts: duplicate entries for key [mountPath="/x"]'));
  },
);
