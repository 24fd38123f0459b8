import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import type { PlanRequest } from '../../../src/change/index.ts';
import type { Dependent, Manifest } from '../../../src/resource/index.ts';
import { type Kubernetes, startKubernetes } from '../../../src/sim/index.ts';
import { createKubeClient, type KubeClient, readKubeconfig } from '../../e2e/harness/kube-client.ts';
import { createLoneCluster, type LoneCluster } from '../../support/lone-cluster.ts';
import { until } from '../../support/until.ts';
import { manifest, request } from '../world.ts';

const NS = 'shop';
const DEPLOYMENT = (name: string) => `apis/apps/v1/namespaces/${NS}/deployments/${name}`;
const CONFIG_MAP = (name: string) => `api/v1/namespaces/${NS}/configmaps/${name}`;

const NAMESPACE = manifest({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS } }, 'base/namespace.yaml');

function map(name: string, data = '1', folder = 'app'): Manifest {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NS }, data: { data } };
  return manifest(object, `${folder}/${name}.yaml`);
}

function db(image = 'acme/db:1'): Manifest {
  return manifest(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'db', namespace: NS },
      spec: {
        selector: { matchLabels: { app: 'db' } },
        template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image }] } },
      },
    },
    'db/db.yaml',
  );
}

const dependent = (folder: string, on: string, healthy: boolean): Dependent => ({
  ...{ name: `${folder}/.flux.yaml`, units: [], folder },
  after: [{ folder: on, healthy, units: [] }],
});
/** The app needs a healthy database, which needs the namespace. */
const ORDER = [dependent('app', 'db', true), dependent('db', 'base', false)];

describe('parts that are applied after others', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-dependencies-'));
  const kubeconfigFile = join(directory, 'kubeconfig');
  let server: Kubernetes;
  let kube: KubeClient;
  let cluster: LoneCluster;
  let asked = 0;

  const connect = async () => {
    const connected = await createLoneCluster({
      kubeconfigFile,
      excludeResources: [],
      clock: systemClock,
      log: silentLogger(),
    });
    asked = 0;
    connected.onDrift(() => {
      asked += 1;
    });
    return connected;
  };

  beforeEach(async () => {
    // Its own controllers come to nothing in the time of a test: the tests play them.
    server = await startKubernetes({ rolloutMs: 3_600_000 });
    writeFileSync(kubeconfigFile, server.kubeconfig());
    kube = createKubeClient(readKubeconfig(kubeconfigFile));
    cluster = await connect();
  });
  afterEach(async () => {
    cluster.close();
    kube.close();
    await server.stop();
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function restart(): Promise<void> {
    cluster.close();
    cluster = await connect();
  }

  async function sync(manifests: readonly Manifest[], more: Partial<PlanRequest['desired']> = {}) {
    const desired = { manifests: [NAMESPACE, ...manifests], errors: [], warnings: [], dependents: ORDER, ...more };
    const changes = await cluster.apply(await cluster.plan({ ...request([]), desired, garbageCollection: 'on' }));
    return Object.fromEntries(changes.map(({ id, outcome, reason }) => [id, outcome === 'held' ? reason : outcome]));
  }

  const WAITS = 'waits for db: shop:deployment/db is not ready';

  async function ready(): Promise<void> {
    const live = await kube.get(DEPLOYMENT('db'));
    const conditions = [
      { type: 'Available', status: 'True' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ];
    const counts = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
    await kube.patch(`${DEPLOYMENT('db')}/status`, {
      status: { observedGeneration: live.metadata.generation, ...counts, conditions },
    });
  }

  /** The sync that health asks for. */
  async function resumed(): Promise<void> {
    await until('a sync is requested', () => asked > 0);
    asked = 0;
  }

  test('what waits for health is applied once that is there, and health alone requests the sync', async () => {
    const all = [map('web'), db()];
    expect(await sync(all)).toEqual({
      '<cluster>:namespace/shop': 'created',
      'shop:configmap/web': WAITS,
      'shop:deployment/db': 'created',
    });
    const order = server.requests.flatMap(({ method, path }) => (method === 'PATCH' ? path : []));
    expect(order).toEqual([`/api/v1/namespaces/${NS}`, `/${DEPLOYMENT('db')}`]);
    expect(await sync(all)).toMatchObject({ 'shop:configmap/web': WAITS, 'shop:deployment/db': 'unchanged' });
    expect(asked).toBe(0);
    await ready();
    await resumed();
    expect(await sync(all)).toMatchObject({ 'shop:configmap/web': 'created', 'shop:deployment/db': 'unchanged' });
  });

  test('a change of what is healthy makes the rest wait for the new generation', async () => {
    await sync([map('web'), db()]);
    await ready();
    await resumed();
    await sync([map('web'), db()]);
    expect(await sync([map('web', '2'), db('acme/db:2')])).toMatchObject({
      'shop:configmap/web': WAITS,
      'shop:deployment/db': 'configured',
    });
    await ready();
    await resumed();
    expect(await sync([map('web', '2'), db('acme/db:2')])).toMatchObject({ 'shop:configmap/web': 'configured' });
    // What is healthy all the time costs no second sync.
    expect(await sync([map('web', '3'), db('acme/db:2')])).toMatchObject({ 'shop:configmap/web': 'configured' });
  });

  test.each(['before', 'after'])('a restart %s health ends in the same result', async (when) => {
    const all = [map('web'), db()];
    await sync(all);
    if (when === 'after') await ready();
    await restart();
    const first = await sync(all);
    if (when === 'before') {
      expect(first['shop:configmap/web']).toBe(WAITS);
      await ready();
    }
    if (first['shop:configmap/web'] !== 'created') {
      await resumed();
      expect(await sync(all)).toMatchObject({ 'shop:configmap/web': 'created' });
    }
    expect(await kube.find(CONFIG_MAP('web'))).toBeDefined();
  });

  test('what waits is left as it is: not changed, not corrected, and nothing is deleted', async () => {
    const before = [map('web'), map('old'), db()];
    await sync(before);
    await ready();
    await resumed();
    await sync(before);
    const changed = [map('web', '2'), map('new'), db('acme/db:2')];
    expect(await sync(changed)).toEqual({
      '<cluster>:namespace/shop': 'unchanged',
      'shop:configmap/web': WAITS,
      'shop:configmap/new': WAITS,
      'shop:configmap/old': `app/.flux.yaml ${WAITS}`,
      'shop:deployment/db': 'configured',
    });
    // What others write to it meanwhile requests no sync.
    await kube.patch(CONFIG_MAP('web'), { data: { data: 'drift' } });
    await kube.patch(CONFIG_MAP('old'), { metadata: { labels: { seen: 'yes' } } });
    expect(await sync(changed)).toMatchObject({ 'shop:configmap/web': WAITS });
    expect((await kube.get(CONFIG_MAP('web'))).data).toEqual({ data: 'drift' });
    expect(asked).toBe(0);
    await ready();
    await resumed();
    expect(await sync(changed)).toMatchObject({
      'shop:configmap/web': 'configured',
      'shop:configmap/new': 'created',
      'shop:configmap/old': 'deleted',
    });
  });

  test.each(['the same daemon', 'a restarted one'])(
    '%s corrects what nothing changed of, whatever it depends on',
    async (who) => {
      const all = [map('web'), map('other'), db()];
      await sync(all);
      await ready();
      await resumed();
      await sync(all);
      await kube.patch(`${DEPLOYMENT('db')}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } });
      if (who === 'a restarted one') await restart();
      await kube.patch(CONFIG_MAP('web'), { data: { data: 'drift' } });
      await until('it is corrected', async () => (await sync(all))['shop:configmap/web'] === 'configured');
      expect((await kube.get(CONFIG_MAP('web'))).data).toEqual({ data: '1' });
    },
  );

  test('what could not be applied, or read, holds what follows and every deletion; then all goes on at once', async () => {
    await sync([map('old'), map('lone', '1', 'other')], { dependents: [] });
    const missing = manifest(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'db', namespace: 'absent' } },
      'db/map.yaml',
    );
    expect(await sync([map('web'), map('lone', '2', 'other'), missing])).toMatchObject({
      'absent:configmap/db': 'failed',
      'shop:configmap/web': 'waits for db: absent:configmap/db could not be applied',
      'shop:configmap/lone': 'configured',
      'shop:configmap/old': '1 object could not be applied in this sync',
    });
    expect(await sync([map('web'), map('lone', '2', 'other'), map('db', '1', 'db')])).toMatchObject({
      'shop:configmap/db': 'created',
      'shop:configmap/web': 'created',
      'shop:configmap/old': 'deleted',
    });
  });

  test('a kind that the same revision defines is watched from the next sync on', async () => {
    const definition = manifest(
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'rollouts.argoproj.io' },
        spec: {
          group: 'argoproj.io',
          scope: 'Namespaced',
          names: { plural: 'rollouts', singular: 'rollout', kind: 'Rollout', listKind: 'RolloutList' },
          versions: [
            {
              ...{ name: 'v1alpha1', served: true, storage: true, subresources: { status: {} } },
              schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          ],
        },
      },
      'base/rollouts.yaml',
    );
    const { object, place } = db();
    const rollout = manifest({ ...object, apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' }, place.file);
    const all = [definition, rollout, map('web')];
    expect(await sync(all)).toMatchObject({
      'shop:rollout/db': 'created',
      'shop:configmap/web': 'waits for db: shop:rollout/db cannot be watched',
    });
    await resumed();
    expect(await sync(all)).toMatchObject({ 'shop:configmap/web': 'waits for db: shop:rollout/db is not ready' });
    expect(asked).toBe(0);
  });
});
