import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import type { Change } from '../../../src/change/index.ts';
import { createCredentialSource, loadKubeconfig } from '../../../src/cluster/connection/kubeconfig.ts';
import { createTransport } from '../../../src/cluster/connection/transport.ts';
import { createDiscovery } from '../../../src/cluster/discovery/discovery.ts';
import { type HealthTarget, watchHealth } from '../../../src/cluster/health/watch-health.ts';
import { gcMark } from '../../../src/cluster/index.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import type { Cluster, HealthWatch } from '../../../src/controller/ports/cluster.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { type Kubernetes, startKubernetes } from '../../../src/sim/index.ts';
import { startApiProxy } from '../../e2e/harness/api-proxy.ts';
import { createKubeClient, type KubeClient, readKubeconfig } from '../../e2e/harness/kube-client.ts';
import { createLoneCluster, type LoneClusterOptions } from '../../support/lone-cluster.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';
import { status } from '../api-server.ts';
import { configMap, manifest, namespace, request, SYNC_SET, startWorld } from '../world.ts';

const NS = 'shop';
const DEPLOYMENT = (name: string) => `apis/apps/v1/namespaces/${NS}/deployments/${name}`;

function deployment(name: string, replicas = 2): Manifest {
  return manifest({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: NS },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'acme/web:1' }] } },
    },
  });
}

const CLAIM = (name: string) => `api/v1/namespaces/${NS}/persistentvolumeclaims/${name}`;
const claim = (name: string) =>
  manifest({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: NS },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });

const condition = (type: string, status: string, reason: string, message = '') => ({ type, status, reason, message });
const rolledOut = (observedGeneration: number, replicas = 2) => ({
  observedGeneration,
  replicas,
  updatedReplicas: replicas,
  readyReplicas: replicas,
  availableReplicas: replicas,
  conditions: [
    condition('Available', 'True', 'MinimumReplicasAvailable'),
    condition('Progressing', 'True', 'NewReplicaSetAvailable'),
  ],
});
const late = (observedGeneration: number) => ({
  ...rolledOut(observedGeneration),
  readyReplicas: 0,
  availableReplicas: 0,
  conditions: [
    condition('Available', 'False', 'MinimumReplicasUnavailable'),
    condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'ReplicaSet "web-1" has timed out progressing.'),
  ],
});

describe('watching the health of what was applied', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-health-'));
  const kubeconfigFile = join(directory, 'kubeconfig');
  let server: Kubernetes;
  let kube: KubeClient;
  let cluster: Cluster;
  let watch: HealthWatch | undefined;
  let told = 0;

  beforeAll(async () => {
    // Its own controllers come to nothing in the time of a test: the tests play them.
    server = await startKubernetes({ rolloutMs: 3_600_000 });
    writeFileSync(kubeconfigFile, server.kubeconfig());
    kube = createKubeClient(readKubeconfig(kubeconfigFile));
  });
  beforeEach(async () => {
    cluster = await connect();
    told = 0;
  });
  afterEach(async () => {
    watch?.close();
    watch = undefined;
    cluster.close();
    for (const path of [DEPLOYMENT('web'), DEPLOYMENT('api'), `api/v1/namespaces/${NS}/pods/lone`])
      if (await kube.find(path)) await kube.delete(path);
  });
  afterAll(async () => {
    kube.close();
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const connect = (options: Partial<LoneClusterOptions> = {}) =>
    createLoneCluster({ kubeconfigFile, excludeResources: [], clock: systemClock, log: silentLogger(), ...options });
  const sync = async (...manifests: readonly Manifest[]) =>
    cluster.apply(await cluster.plan(request([namespace(NS), ...manifests])));
  const setStatus = (path: string, status: object) => kube.patch(`${path}/status`, { status });
  const follow = (changes: readonly Change[]): HealthWatch => {
    watch = cluster.watchHealth(changes, () => {
      told += 1;
    });
    return watch;
  };
  const seen = (health: HealthWatch) => Object.fromEntries(health.states().map(({ id, state }) => [id, state]));
  const shows = (health: HealthWatch, name: string, state: string) =>
    until(`${name} is ${state}`, () => seen(health)[`${NS}:deployment/${name}`] === state);

  test('says of a workload that does not get ready what its pods say, until it is ready', async () => {
    cluster.close();
    cluster = await connect({ clock: { ...systemClock, sleep: (ms, options) => systemClock.sleep(ms / 40, options) } });
    const health = follow(await sync(deployment('web')));
    const pods = `api/v1/namespaces/${NS}/pods`;
    const spec = { containers: [{ name: 'web', image: 'acme/web:1' }] };
    await kube.create(pods, { metadata: { name: 'lone', labels: { app: 'web' } }, spec });
    const state = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "acme/web:1"' } };
    const container = { name: 'web', image: 'acme/web:1', imageID: '', ready: false, restartCount: 0, state };
    await setStatus(`${pods}/lone`, { phase: 'Pending', containerStatuses: [container] });
    const message = () => health.states().find(({ id }) => id === `${NS}:deployment/web`)?.message;
    const why = 'its controller has not looked at it yet; pod lone: ImagePullBackOff: Back-off pulling image "acme/web:1"';
    await until('the reason is known', () => message() === why);
    expect(told).toBeGreaterThan(0);
    await setStatus(DEPLOYMENT('web'), rolledOut(1));
    await until('it is ready', () => message() === '2 replicas available');
  });

  test('follows a rollout to its end by the watch that is there already, and asks nothing', async () => {
    const changes = await sync(configMap('map'), deployment('web'), deployment('api'));
    server.requests.length = 0;
    const health = follow(changes);
    expect(health.settled()).toBe(false);
    expect(seen(health)).toEqual({
      '<cluster>:namespace/shop': 'current',
      'shop:configmap/map': 'current',
      'shop:deployment/web': 'inProgress',
      'shop:deployment/api': 'inProgress',
    });
    await until('the first look has ended', () =>
      health.states().some(({ message }) => message.includes('its controller has not looked')),
    );
    for (const replicas of [0, 1]) {
      await setStatus(DEPLOYMENT('web'), { ...rolledOut(1), availableReplicas: replicas, readyReplicas: replicas });
      await until('the count is seen', () =>
        health.states().some(({ message }) => message === `${replicas} of 2 replicas available`),
      );
    }
    await setStatus(DEPLOYMENT('web'), rolledOut(1));
    await shows(health, 'web', 'current');
    expect(health.settled()).toBe(false);
    await setStatus(DEPLOYMENT('api'), rolledOut(1));
    await until('all is settled', () => health.settled());
    expect(Object.values(seen(health))).toEqual(['current', 'current', 'current', 'current']);
    expect(told).toBeGreaterThanOrEqual(5);
    expect(server.requests.filter(({ method }) => method === 'GET')).toEqual([]);
  });

  test('follows a kind that is no workload by one list and one watch', async () => {
    const changes = await sync(claim('data'));
    server.requests.length = 0;
    const health = follow(changes);
    await until('it is seen', () => seen(health)['shop:persistentvolumeclaim/data'] === 'inProgress' && told > 0);
    const asked = server.requests.length;
    expect(asked).toBeGreaterThan(0);
    await setStatus(CLAIM('data'), { phase: 'Bound' });
    await until('it is settled', () => health.settled());
    const ours = server.requests.filter(({ method }) => method === 'GET');
    expect(ours).toHaveLength(asked);
    expect(new Set(ours.map(({ path }) => path))).toEqual(new Set(['/api/v1/persistentvolumeclaims']));
    expect(ours.every(({ query }) => query.includes('labelSelector='))).toBe(true);
  });

  test('an object that only has to exist needs no request at all', async () => {
    const changes = await sync(configMap('map'));
    server.requests.length = 0;
    const health = follow(changes);
    expect(health.settled()).toBe(true);
    expect(server.requests).toEqual([]);
  });

  test('a rollout that failed settles once the others have', async () => {
    const health = follow(await sync(deployment('web'), deployment('api')));
    await setStatus(DEPLOYMENT('web'), late(1));
    await shows(health, 'web', 'failed');
    expect(health.settled()).toBe(false);
    await setStatus(DEPLOYMENT('api'), rolledOut(1));
    await until('all is settled', () => health.settled());
    expect(health.states().find(({ state }) => state === 'failed')).toEqual({
      id: 'shop:deployment/web',
      state: 'failed',
      message: 'progress deadline exceeded: ReplicaSet "web-1" has timed out progressing.',
    });
  });

  test('what was healthy is waited for again after a new apply', async () => {
    await sync(deployment('web'));
    await setStatus(DEPLOYMENT('web'), rolledOut(1));
    const health = follow(await sync(deployment('web', 3)));
    await until('the new generation is seen', () =>
      health.states().some(({ message }) => message.includes('generation 1, not yet 2')),
    );
    expect(health.settled()).toBe(false);
    await setStatus(DEPLOYMENT('web'), rolledOut(2, 3));
    await until('it is settled', () => health.settled());
  });

  test('an object that vanishes is missing, and is waited for', async () => {
    const health = follow(await sync(deployment('web')));
    await setStatus(DEPLOYMENT('web'), rolledOut(1));
    await shows(health, 'web', 'current');
    await kube.delete(DEPLOYMENT('web'));
    await shows(health, 'web', 'missing');
    expect(health.settled()).toBe(false);
  });

  test('what was skipped, held or failed is no part of it', async () => {
    const ignored = deployment('web');
    Object.assign(ignored.object.metadata, { annotations: { 'fluxcd.io/ignore': 'true' } });
    const bad = manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Not_A_Name', namespace: NS } });
    const changes = await sync(ignored, bad, configMap('map'));
    expect(changes.map(({ outcome }) => outcome)).toContain('failed');
    expect(changes.map(({ outcome }) => outcome)).toContain('skipped');
    expect(Object.keys(seen(follow(changes)))).toEqual(['<cluster>:namespace/shop', 'shop:configmap/map']);
  });

  test('a kind that is excluded from looking is unknown, which ends the wait', async () => {
    cluster.close();
    cluster = await connect({ excludeResources: ['apps/v1/Deployment'] });
    const health = follow(await sync(deployment('web')));
    expect(health.states()[1]).toEqual({
      id: 'shop:deployment/web',
      state: 'unknown',
      message: 'apps/v1 Deployment is excluded from listing',
    });
    expect(health.settled()).toBe(true);
  });

  test('a watch that is cut, and one whose past is forgotten, loses nothing', async () => {
    const proxy = await startApiProxy(readKubeconfig(kubeconfigFile));
    cluster.close();
    cluster = await connect({ kubeconfigFile: proxy.kubeconfig });
    const health = follow(await sync(deployment('web'), deployment('api')));
    await until('the first look has ended', () => told > 0);
    await proxy.refuse();
    await setStatus(DEPLOYMENT('web'), rolledOut(1));
    server.compact();
    await proxy.accept();
    await shows(health, 'web', 'current');
    await kube.delete(DEPLOYMENT('api'));
    await shows(health, 'api', 'missing');
    await proxy.close();
  });

  test('an API server that cannot be looked at is asked again until it can', async () => {
    const proxy = await startApiProxy(readKubeconfig(kubeconfigFile));
    cluster.close();
    cluster = await connect({ kubeconfigFile: proxy.kubeconfig });
    const changes = await sync(claim('log'));
    await setStatus(CLAIM('log'), { phase: 'Bound' });
    proxy.intercept = () => ({ kind: 'answer', status: 500 });
    const health = follow(changes);
    await until('the trouble is told', () =>
      health.states().some(({ message, unread }) => unread && /^not checked yet: ./.test(message)),
    );
    expect(health.settled()).toBe(false);
    proxy.intercept = undefined;
    await until('it is settled', () => health.settled());
    await proxy.close();
  });

  test('after closing nobody is told anything', async () => {
    const health = follow(await sync(deployment('web')));
    await until('the first look has ended', () => told > 0);
    health.close();
    const before = told;
    await setStatus(DEPLOYMENT('web'), rolledOut(1));
    await until('the connection is closed', async () => {
      await setStatus(DEPLOYMENT('web'), rolledOut(1, 3));
      return (await kube.get(DEPLOYMENT('web'))).status.replicas === 3;
    });
    expect(told).toBe(before);
  });

  describe('of single targets', () => {
    const clock = new ManualClock();
    const load = () => loadKubeconfig({ kubeconfigFile });
    const deps = async () => {
      const transport = createTransport({
        credentials: createCredentialSource(await load(), load, systemClock),
        clock,
        maxInFlight: 4,
      });
      const directory = await createDiscovery({ transport, clock, log: silentLogger(), excludeResources: [] }).look(0);
      const views = { find: () => undefined };
      return { transport, directory, allowed: createAllowedNamespaces([]), views, clock, log: silentLogger() };
    };
    const target = (kind: 'Pod' | 'Deployment', name: string, generation?: number): HealthTarget => ({
      id: `${NS}:${kind.toLowerCase()}/${name}`,
      resource: {
        group: kind === 'Pod' ? '' : 'apps',
        version: 'v1',
        kind,
        plural: `${kind.toLowerCase()}s`,
        namespaced: true,
        verbs: [],
      },
      namespace: NS,
      name,
      byExisting: false,
      isConfidential: false,
      appliedGeneration: () => generation,
    });

    test('a view that is older than the apply is no news', async () => {
      await sync(deployment('web'));
      await setStatus(DEPLOYMENT('web'), rolledOut(1));
      const { transport, ...rest } = await deps();
      watch = watchHealth([target('Deployment', 'web', 2)], { transport, ...rest }, () => undefined);
      await until('it is seen', () => watch?.states()[0]?.message === 'generation 2 was applied, generation 1 is seen');
      expect(watch.settled()).toBe(false);
      transport.close();
    });

    test('a pod that no node takes fails when its time is over, though nothing happens', async () => {
      await sync();
      const id = `${NS}:pod/lone`;
      const labels = { 'fluxcd.io/sync-gc-mark': gcMark(SYNC_SET, id) };
      const pods = `api/v1/namespaces/${NS}/pods`;
      await kube.create(pods, { metadata: { name: 'lone', labels }, spec: { containers: [{ name: 'a', image: 'acme/a:1' }] } });
      const { metadata } = await kube.get(`${pods}/lone`);
      const time = new ManualClock(Date.parse(metadata.creationTimestamp ?? ''));
      const unschedulable = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes are available',
      };
      await setStatus(`${pods}/lone`, { phase: 'Pending', conditions: [unschedulable] });
      const { transport, ...rest } = await deps();
      watch = watchHealth([target('Pod', 'lone')], { transport, ...rest, clock: time }, () => {
        told += 1;
      });
      const message = 'no node can run it: 0/1 nodes are available';
      await until('it is seen', () => watch?.states()[0]?.message === message);
      const asleep = time.sleeping;
      for (const count of [1, 2, 3]) {
        await setStatus(`${pods}/lone`, { phase: 'Pending', conditions: [{ ...unschedulable, message: `look ${count}` }] });
        await until('the news is seen', () => watch?.states()[0]?.message.endsWith(`look ${count}`) === true);
      }
      await setStatus(`${pods}/lone`, { phase: 'Pending', conditions: [unschedulable] });
      await until('the first message is back', () => watch?.states()[0]?.message === message);
      // However often it is looked at, it is waited for once.
      expect(time.sleeping).toBeLessThanOrEqual(asleep);
      expect(watch.settled()).toBe(false);
      time.advance(15_000);
      await until('it has failed', () => watch?.settled() === true);
      expect(watch.states()).toEqual([{ id, state: 'failed', message }]);
      transport.close();
    });
  });
});

test('a kind that may not be listed in whole is unknown, and says why', async () => {
  const { server, cluster, plan } = await startWorld({ clock: systemClock });
  const changes = await cluster.apply(await plan([deployment('web')]));
  const denied = 'deployments.apps is forbidden: User "flux" cannot list resource "deployments" in API group "apps"';
  server.intercept = () => ({ status: 403, body: status(403, 'Forbidden', denied) });
  const health = cluster.watchHealth(changes, () => undefined);
  await until('it is settled', () => health.settled());
  expect(health.states()).toEqual([{ id: 'shop:deployment/web', state: 'unknown', message: expect.stringContaining(denied) }]);
  health.close();
});
