import { describe, expect, test } from 'vitest';
import { fluxV1Status } from '../../../src/cluster/workload/flux-v1-status.ts';
import { status } from '../api-server.ts';
import { startWorld, type World } from '../world.ts';

const at = (kind: string, name: string, ns = 'shop') =>
  kind === 'cronjobs' ? `/apis/batch/v1/namespaces/${ns}/cronjobs/${name}` : `/apis/apps/v1/namespaces/${ns}/${kind}/${name}`;
const template = (...images: string[]) => ({ spec: { containers: images.map((image, n) => ({ name: `c${n}`, image })) } });

function put(
  { server }: World,
  kind: string,
  name: string,
  more: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
) {
  const ns = String(metadata.namespace ?? 'shop');
  server.put(at(kind, name, ns), {
    metadata: { name, namespace: ns, generation: 1, ...metadata },
    spec: { replicas: 1, template: template(`acme/${name}:1`) },
    ...more,
  });
}

describe('status and rollout, by Flux v1’s rules', () => {
  const seen = { observedGeneration: 1 };
  const all = (n: number) => ({ ...seen, replicas: n, updatedReplicas: n, readyReplicas: n, availableReplicas: n });
  const cases: readonly (readonly [string, string, object, object, string, object])[] = [
    [
      'a Deployment that is done',
      'Deployment',
      { replicas: 2 },
      all(2),
      'ready',
      { desired: 2, updated: 2, available: 2, outdated: 0 },
    ],
    ['one with nothing wanted', 'Deployment', { replicas: 0 }, seen, 'ready', { desired: 0 }],
    ['one without any status', 'Deployment', { replicas: 2 }, {}, 'started', {}],
    ['one with an old pod left', 'Deployment', { replicas: 2 }, { ...all(2), replicas: 3 }, 'updating', { outdated: 1 }],
    ['one not available yet', 'Deployment', { replicas: 2 }, { ...all(2), availableReplicas: 1 }, 'updating', { available: 1 }],
    [
      'one that is stuck',
      'Deployment',
      { replicas: 2 },
      { ...all(2), conditions: [{ type: 'Progressing', status: 'False', message: 'deadline exceeded' }] },
      'error',
      { messages: ['deadline exceeded'] },
    ],
    [
      'one that may not create pods',
      'Deployment',
      { replicas: 2 },
      {
        ...seen,
        conditions: [
          { type: 'ReplicaFailure', status: 'True', message: 'quota' },
          { type: 'Progressing', status: 'True', message: 'x' },
        ],
      },
      'error',
      { messages: ['quota'] },
    ],
    [
      'a DaemonSet that is done',
      'DaemonSet',
      {},
      {
        ...seen,
        desiredNumberScheduled: 3,
        currentNumberScheduled: 3,
        updatedNumberScheduled: 3,
        numberReady: 3,
        numberAvailable: 3,
      },
      'ready',
      { desired: 3, updated: 3, ready: 3, available: 3, outdated: 0 },
    ],
    [
      'one that rolls',
      'DaemonSet',
      {},
      { ...seen, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3 },
      'updating',
      { outdated: 2 },
    ],
    [
      'a StatefulSet that is done',
      'StatefulSet',
      { replicas: 3 },
      { ...seen, readyReplicas: 3, currentReplicas: 3, currentRevision: 'a', updateRevision: 'a' },
      'ready',
      { desired: 3, updated: 3, available: 3, outdated: 0 },
    ],
    [
      'one that rolls',
      'StatefulSet',
      { replicas: 3 },
      { ...seen, readyReplicas: 3, currentReplicas: 2, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
      'updating',
      { updated: 1, outdated: 2 },
    ],
    ['a CronJob', 'CronJob', {}, {}, 'ready', { desired: 0 }],
    ['a HelmRelease', 'HelmRelease', {}, { releaseStatus: 'DEPLOYED' }, 'DEPLOYED', {}],
    ['a HelmRelease nobody looked at', 'HelmRelease', {}, {}, '', {}],
    ['anything else', 'Job', {}, {}, 'unknown', {}],
  ];

  test.for(cases)('%s', ([, kind, spec, state, expected, rollout]) => {
    const result = fluxV1Status(kind, { metadata: { generation: 1 }, spec, status: state });
    expect(result).toMatchObject({ status: expected, rollout });
  });
});

test('all kinds of all namespaces, containers before init containers, with what they carry', async () => {
  const world = await startWorld();
  put(
    world,
    'deployments',
    'web',
    {},
    {
      labels: { a: 'b' },
      annotations: { 'fluxcd.io/automated': 'true', 'helm.fluxcd.io/antecedent': 'shop:helmrelease/shop' },
    },
  );
  const both = { spec: { ...template('acme/main:1').spec, initContainers: [{ name: 'init', image: 'acme/init:1' }] } };
  put(world, 'statefulsets', 'db', { spec: { template: both } }, { namespace: 'data' });
  put(world, 'daemonsets', 'agent', {}, { annotations: { 'helm.fluxcd.io/antecedent': 'not an id' } });
  put(world, 'cronjobs', 'nightly', { spec: { jobTemplate: { spec: { template: template('acme/job:2') } } } });
  const found = await world.cluster.workloads({});
  expect(found.map(({ id }) => id).toSorted()).toEqual([
    'data:statefulset/db',
    'shop:cronjob/nightly',
    'shop:daemonset/agent',
    'shop:deployment/web',
  ]);
  const byId = Object.fromEntries(found.map((each) => [each.id, each]));
  expect(byId['shop:deployment/web']).toMatchObject({
    containers: [{ name: 'c0', image: 'acme/web:1' }],
    labels: { a: 'b' },
    annotations: { 'fluxcd.io/automated': 'true' },
    antecedent: 'shop:helmrelease/shop',
  });
  expect(byId['data:statefulset/db']?.containers.map(({ name }) => name)).toEqual(['c0', 'init']);
  expect(byId['shop:daemonset/agent']).not.toHaveProperty('antecedent');
  expect(byId['shop:cronjob/nightly']?.containers).toEqual([{ name: 'c0', image: 'acme/job:2' }]);
});

test('add-ons of kube-system are left out; the same labels elsewhere mean nothing', async () => {
  const world = await startWorld();
  const addon = { 'addonmanager.kubernetes.io/mode': 'Reconcile' };
  put(world, 'deployments', 'dns', {}, { namespace: 'kube-system', labels: addon });
  put(world, 'deployments', 'proxy', {}, { namespace: 'kube-system', labels: { 'kubernetes.io/cluster-service': 'true' } });
  put(world, 'deployments', 'ours', {}, { namespace: 'kube-system' });
  put(world, 'deployments', 'web', {}, { labels: addon });
  expect((await world.cluster.workloads({})).map(({ id }) => id).toSorted()).toEqual([
    'kube-system:deployment/ours',
    'shop:deployment/web',
  ]);
});

test('only what is asked for is listed, in pages', async () => {
  const world = await startWorld();
  for (const name of ['a', 'b', 'c']) put(world, 'deployments', name);
  put(world, 'deployments', 'far', {}, { namespace: 'other' });
  world.server.pageSize = 2;
  expect(await world.cluster.workloads({ namespace: 'other' })).toHaveLength(1);
  world.server.clear();
  const found = await world.cluster.workloads({ ids: ['shop:deployment/a', 'shop:deployment/c', 'shop:deployment/absent'] });
  expect(found.map(({ id }) => id)).toEqual(['shop:deployment/a', 'shop:deployment/c']);
  const turned = await world.cluster.workloads({ ids: ['shop:deployment/c', 'shop:deployment/a', 'shop:deployment/c'] });
  expect(turned.map(({ id }) => id)).toEqual(['shop:deployment/c', 'shop:deployment/a']);
  expect(world.server.calls).toEqual([
    'GET /apis/apps/v1/namespaces/shop/deployments',
    'GET /apis/apps/v1/namespaces/shop/deployments',
    'GET /apis/apps/v1/namespaces/shop/deployments',
    'GET /apis/apps/v1/namespaces/shop/deployments',
  ]);
  expect(await world.cluster.workloads({ ids: ['shop:deployment/a', 'other:deployment/far'] })).toHaveLength(2);
  expect(await world.cluster.workloads({ ids: [] })).toEqual([]);
});

test('a kind that may not be listed, or is not there, is left out; a server that fails is an error', async () => {
  const world = await startWorld();
  put(world, 'deployments', 'web');
  put(world, 'daemonsets', 'agent');
  world.server.kinds = world.server.kinds.filter(({ kind }) => kind !== 'CronJob');
  world.server.intercept = ({ path }) =>
    path.endsWith('/deployments') ? { status: 403, body: status(403, 'Forbidden', 'no') } : undefined;
  expect((await world.cluster.workloads({})).map(({ id }) => id)).toEqual(['shop:daemonset/agent']);
  world.server.intercept = ({ path }) => (path.endsWith('/deployments') ? { status: 500, body: 'no' } : undefined);
  await expect(world.cluster.workloads({})).rejects.toMatchObject({ code: 'cluster/unavailable' });
});

test('a HelmRelease is listed where its kind exists', async () => {
  const world = await startWorld();
  world.server.kinds.push({
    group: 'helm.fluxcd.io',
    version: 'v1',
    kind: 'HelmRelease',
    plural: 'helmreleases',
    namespaced: true,
  });
  world.server.put('/apis/helm.fluxcd.io/v1/namespaces/shop/helmreleases/shop', {
    metadata: { name: 'shop', namespace: 'shop', annotations: { 'repository.fluxcd.io/pg': 'sql.image' } },
    spec: { values: { image: { repository: 'acme/shop', tag: 'v1' }, sql: { image: 'acme/pg:12' } } },
    status: { releaseStatus: 'DEPLOYED' },
  });
  expect(await world.cluster.workloads({})).toMatchObject([
    {
      id: 'shop:helmrelease/shop',
      status: 'DEPLOYED',
      containers: [
        { name: 'chart-image', image: 'acme/shop:v1' },
        { name: 'pg', image: 'acme/pg:12' },
        { name: 'sql', image: 'acme/pg:12' },
      ],
    },
  ]);
});
