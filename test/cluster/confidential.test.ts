import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import type { PlanRequest } from '../../src/change/index.ts';
import { CHECKSUM_ANNOTATION } from '../../src/cluster/index.ts';
import { type Confidential, confidential, type KubeObject, type Manifest } from '../../src/resource/index.ts';
import { startKubernetes } from '../../src/sim/index.ts';
import { createKubeClient, readKubeconfig } from '../e2e/harness/kube-client.ts';
import { leaksOf, plant } from '../support/canaries.ts';
import { createLoneCluster } from '../support/lone-cluster.ts';
import { until } from '../support/until.ts';
import { status } from './api-server.ts';
import { manifest, namespace, request, startWorld } from './world.ts';

/** The embedded API, with the namespace `shop`. */
async function startEmbedded() {
  const kubernetes = await startKubernetes();
  const directory = mkdtempSync(join(tmpdir(), 'flux-confidential-'));
  const kubeconfigFile = join(directory, 'kubeconfig');
  writeFileSync(kubeconfigFile, kubernetes.kubeconfig());
  const start = async () => {
    const cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock: systemClock, log: silentLogger() });
    clusters.push(cluster);
    return cluster;
  };
  const clusters: { close(): void }[] = [];
  const cluster = await start();
  onTestFinished(async () => {
    for (const each of clusters) each.close();
    await kubernetes.stop();
    rmSync(directory, { recursive: true });
  });
  const world = {
    cluster,
    start,
    kube: createKubeClient(readKubeconfig(kubeconfigFile)),
    sync: async (...manifests: readonly Manifest[]) => cluster.apply(await cluster.plan(request(manifests))),
    async diff(manifests: readonly Manifest[], more?: Partial<PlanRequest>) {
      return cluster.diff(await cluster.plan(request(manifests, { preview: true, ...more })));
    },
  };
  await world.sync(namespace('shop'));
  return world;
}

let version = 0;

/** A manifest from an encrypted file; each call stands for another content of the file. */
function secretly(what: Confidential, object: KubeObject): Manifest {
  version += 1;
  return { ...manifest(object), ...confidential(what, String(version)) };
}

function deployment(value: string, more: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', annotations: { note: value } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'acme/web:1', env: [{ name: `E${value}`, value }], ...more }] },
      },
    },
  };
}

const configMap = (data: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop' },
  data,
});

/** All that is said of an object, errors included. */
const said = (all: readonly object[]) =>
  JSON.stringify(all, (_, value: unknown) =>
    value instanceof Error ? { ...value, text: value.message, cause: value.cause } : value,
  );

test('differences of confidential objects of any kind have no value, and no name of a list item', async () => {
  const planted = plant('before', 'after', 'key');
  const world = await startEmbedded();
  await world.sync(secretly('values', deployment(planted.before)), secretly('values', configMap({ password: planted.before })));
  const diffs = await world.diff([
    secretly('values', deployment(planted.after)),
    secretly('values', configMap({ password: planted.after, more: planted.after })),
  ]);
  expect(diffs).toMatchObject([
    {
      action: 'change',
      fields: [
        { path: 'metadata.annotations.note', from: '***', to: '*** (changed)' },
        { path: 'spec.template.spec.containers', from: '***', to: '*** (changed)' },
      ],
    },
    {
      action: 'change',
      fields: [
        { path: 'data.more', to: '***' },
        { path: 'data.password', from: '***', to: '*** (changed)' },
      ],
    },
  ]);
  expect(leaksOf(planted, new Map([['diff', said(diffs)]]))).toEqual([]);
});

test('where a program may have made names of fields, only the first name is shown', async () => {
  const planted = plant('key', 'value');
  const world = await startEmbedded();
  const diffs = await world.diff([secretly('all', configMap({ [planted.key]: planted.value }))]);
  expect(diffs).toMatchObject([{ action: 'create', fields: [{ path: 'data', to: '***' }] }]);
  expect(leaksOf(planted, new Map([['diff', said(diffs)]]))).toEqual([]);
});

test('what was applied from an encrypted file is not shown to a preview that has it in the clear', async () => {
  const planted = plant('applied');
  const world = await startEmbedded();
  await world.sync(secretly('all', configMap({ password: planted.applied })));
  const diffs = await world.diff([manifest(configMap({ password: 'guess' }))]);
  expect(diffs).toMatchObject([{ action: 'change', fields: [{ path: 'data', from: '***', to: '*** (changed)' }] }]);
  expect(leaksOf(planted, new Map([['diff', said(diffs)]]))).toEqual([]);
});

test('a restart applies nothing that is as its encrypted file wants it', async () => {
  const world = await startEmbedded();
  const wanted = secretly('values', configMap({ a: 'b' }));
  await world.sync(namespace('shop'), wanted);
  const live = await world.kube.find('api/v1/namespaces/shop/configmaps/settings');
  expect(live?.metadata?.annotations?.[CHECKSUM_ANNOTATION]).toBe(wanted.checksum);
  const restarted = await world.start();
  expect(await restarted.plan(request([wanted]))).toMatchObject({ entries: [{ action: 'unchanged' }] });
});

test('the reason of a correction has no name that a program made', async () => {
  const planted = plant('key');
  const world = await startEmbedded();
  const wanted = secretly('all', configMap({ [planted.key]: 'x' }));
  await world.sync(namespace('shop'), wanted);
  let asked = false;
  world.cluster.onDrift(() => {
    asked = true;
  });
  await world.kube.patch('api/v1/namespaces/shop/configmaps/settings', { data: { [planted.key]: 'HACKED' } });
  await until('the change is seen', () => asked);
  const changes = await world.sync(namespace('shop'), wanted);
  expect(changes[1]).toMatchObject({
    outcome: 'configured',
    reason: expect.stringMatching(/^changed in the cluster by .*: data$/),
  });
  expect(leaksOf(planted, new Map([['changes', said(changes)]]))).toEqual([]);
});

test('an export has nothing from encrypted files', async () => {
  const planted = plant('value');
  const world = await startEmbedded();
  const open = deployment('open');
  await world.sync(
    secretly('values', deployment(planted.value)),
    manifest({ ...open, metadata: { ...open.metadata, name: 'open' } }),
  );
  const exported = await world.cluster.exportObjects();
  expect(exported.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name)).toEqual(['open']);
  expect(leaksOf(planted, new Map([['export', said(exported)]]))).toEqual([]);
});

test.each(['values', 'all'] as const)('errors and warnings about confidential objects (%s) quote nothing', async (what) => {
  const planted = plant('value');
  const { value } = planted;
  const base64 = Buffer.from(value).toString('base64');
  const messages = [
    `Deployment.apps "web" is invalid: spec.template.spec.containers[0].env[0].value: Invalid value: "${value}": no`,
    `Deployment.apps "web" is invalid: spec.template.spec.containers[0].env[0].name: Required value: ${value}`,
    `failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="web"].env[name="E${value}"].value: expected string, got &value.valueUnstructured{Value:${value}}`,
    `admission webhook "x" denied the request: ${base64} is ${value.toUpperCase().toLowerCase()}`,
    `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${value}`,
    value,
  ];
  for (const message of messages) {
    const world = await startWorld();
    world.server.intercept = ({ method }) =>
      method === 'PATCH' ? { status: 422, body: status(422, 'Invalid', message) } : undefined;
    const wanted = [secretly(what, deployment(value))];
    const changes = await world.cluster.apply(await world.plan(wanted));
    const diffs = await world.cluster.diff(await world.plan(wanted, { preview: true }));
    expect(changes).toMatchObject([{ outcome: 'failed', error: { message: expect.stringMatching(/./) } }]);
    expect(diffs).toMatchObject([{ action: 'failed' }]);
    const stacks = [...changes, ...diffs].map((each) => ('error' in each ? (each.error?.stack ?? '') : ''));
    expect(leaksOf(planted, new Map([['errors', said([...changes, ...diffs, stacks])]]))).toEqual([]);
  }
});

test('an error about a confidential object says what is wrong, and where', async () => {
  const world = await startEmbedded();
  const changes = await world.sync(
    secretly('values', deployment('x', { ports: [{ containerPort: 70000 }] })),
    secretly('values', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'shop' }, data: { pin: '!' } }),
  );
  expect(changes).toMatchObject([
    { error: { code: 'cluster/invalid', message: 'Invalid value in spec.template.spec.containers' } },
    { error: { code: 'cluster/invalid', message: expect.stringMatching(/illegal base64 data/) } },
  ]);
  for (const { error } of changes)
    expect(error?.help).toMatch(/made of an encrypted file, or of values of a Secret, so what the API server says/);
});

test('a warning of the API server about a confidential object quotes nothing', async () => {
  const planted = plant('value');
  const world = await startWorld();
  world.server.intercept = ({ method }) =>
    method === 'PATCH'
      ? {
          status: 201,
          headers: { warning: `299 - "annotation ${planted.value} is deprecated"` },
          body: { metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1' } },
        }
      : undefined;
  const changes = await world.cluster.apply(await world.plan([secretly('values', deployment(planted.value))]));
  expect(changes).toMatchObject([{ outcome: 'created', warnings: [{ message: 'is deprecated' }] }]);
  expect(leaksOf(planted, new Map([['warnings', said(changes)]]))).toEqual([]);
});
