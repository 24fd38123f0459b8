import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { FluxError, silentLogger, systemClock } from '../../../src/base/index.ts';
import { shownManifest } from '../../../src/cluster/index.ts';
import { openLiveReads } from '../../../src/cluster/live/index.ts';
import { confidential, type KubeObject, type Manifest, type ResourceRight } from '../../../src/resource/index.ts';
import { startKubernetes } from '../../../src/sim/index.ts';
import { createKubeClient, readKubeconfig } from '../../e2e/harness/kube-client.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { until } from '../../support/until.ts';
import { manifest, namespace, request } from '../world.ts';

const WEB: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'acme/web:1',
            ports: [{ containerPort: 80 }],
            resources: { requests: { cpu: '0.5', memory: '64Mi' } },
          },
        ],
      },
    },
  },
};
const DEPLOYMENT = '/apis/apps/v1/namespaces/shop/deployments/web';
const EVENTS = '/api/v1/namespaces/shop/events';

/** The embedded API with the namespace `shop`, and both ways to read from it. */
async function startWorld() {
  const kubernetes = await startKubernetes();
  const directory = mkdtempSync(join(tmpdir(), 'flux-live-'));
  const kubeconfigFile = join(directory, 'kubeconfig');
  writeFileSync(kubeconfigFile, kubernetes.kubeconfig());
  const cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock: systemClock, log: silentLogger() });
  const own = await openLiveReads({ kubeconfigFile });
  onTestFinished(async () => {
    own.close();
    cluster.close();
    await kubernetes.stop();
    rmSync(directory, { recursive: true });
  });
  const kube = createKubeClient(readKubeconfig(kubeconfigFile));
  const sync = async (...all: readonly Manifest[]) => cluster.apply(await cluster.plan(request([namespace('shop'), ...all])));
  const look = async (id: string, of: Manifest, permit = async (_: ResourceRight): Promise<void> => undefined) => {
    const question = { id, desired: shownManifest(of), permit };
    let report = await cluster.live.object(question);
    // A controller may write between two reads.
    await until('both ways show the same', async () => {
      report = await cluster.live.object(question);
      return isDeepStrictEqual(await own.object(question), report);
    });
    return report;
  };
  return { kube, sync, look };
}

test('each field has its state and who owns it', async () => {
  const { kube, sync, look } = await startWorld();
  const web = manifest(WEB);
  await sync(web);
  await kube.patch(DEPLOYMENT, { spec: { replicas: 5 }, metadata: { annotations: { note: 'by hand' } } });
  const { exists, fields, isCut } = await look('shop:deployment/web', web);
  expect({ exists, isCut }).toEqual({ exists: true, isCut: false });
  const at = (path: string) => fields.find((field) => field.path === path);
  const container = 'spec.template.spec.containers[name=web]';
  expect(at('spec.replicas')).toMatchObject({ state: 'differs', desired: 2, live: 5, owners: [{ operation: 'Update' }] });
  expect(at('metadata.annotations.note')).toMatchObject({ state: 'added', live: 'by hand', owners: [{ operation: 'Update' }] });
  expect(at(`${container}.image`)).toMatchObject({
    state: 'same',
    desired: 'acme/web:1',
    owners: [{ manager: 'flux', operation: 'Apply', at: expect.any(Number) }],
  });
  expect(at(`${container}.imagePullPolicy`)).toMatchObject({ state: 'default', live: 'IfNotPresent', owners: [] });
  // The API server writes quantities in a form of its own.
  expect(at(`${container}.resources.requests.cpu`)).toMatchObject({ state: 'same', desired: '0.5' });
  // The key of a port is its number and its protocol, which the manifest leaves out.
  const port = `${container}.ports[containerPort=80,protocol=TCP]`;
  expect(at(`${port}.containerPort`)).toMatchObject({ state: 'same', desired: 80, live: 80 });
  expect(at(`${port}.protocol`)?.desired).toBeUndefined();
  expect(fields.filter(({ path }) => path.includes('containerPort=80]'))).toEqual([]);
  for (const path of ['status', 'metadata.uid', 'metadata.managedFields'])
    expect(fields.filter((field) => field.path.startsWith(path))).toEqual([]);
});

test('an object that is not in the cluster has only what Git wants', async () => {
  const { sync, look } = await startWorld();
  await sync();
  const report = await look('shop:deployment/web', manifest(WEB));
  expect(report.exists).toBe(false);
  expect(new Set(report.fields.map(({ state }) => state))).toEqual(new Set(['missing']));
});

test('Events about the object, and none about others, newest first', async () => {
  const { kube, sync, look } = await startWorld();
  const web = manifest(WEB);
  await sync(web);
  const event = (name: string, about: string, lastTimestamp: string, message: string) =>
    kube.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: 'shop' },
      involvedObject: { kind: 'Deployment', namespace: 'shop', name: about },
      type: 'Warning',
      reason: name,
      message,
      source: { component: 'tester' },
      count: 3,
      lastTimestamp,
    });
  await event('old', 'web', '2030-01-01T00:00:00Z', 'quota <b>exceeded</b>');
  await event('new', 'web', '2030-01-02T00:00:00Z', 'again');
  await event('else', 'other', '2030-01-03T00:00:00Z', 'not ours');
  const { events } = await look('shop:deployment/web', web);
  const mine = events.state === 'read' ? events.value.filter(({ from }) => from === 'tester') : [];
  expect(mine.map(({ reason }) => reason)).toEqual(['new', 'old']);
  expect(mine[1]).toEqual({
    type: 'Warning',
    reason: 'old',
    message: 'quota <b>exceeded</b>',
    count: 3,
    from: 'tester',
    lastAt: Date.parse('2030-01-01T00:00:00Z'),
  });
});

const SECRET: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login', namespace: 'shop', annotations: { note: 'hunter2' } },
  stringData: { password: 'hunter2' },
};
const TEXT: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'login', namespace: 'shop', annotations: { note: 'hunter2' } },
  data: { password: 'hunter2', 'a.key': 'hunter2' },
};

test.each([
  ['a Secret', 'shop:secret/login', manifest(SECRET), 'values'],
  ['an object with encrypted values', 'shop:configmap/login', { ...manifest(TEXT), ...confidential('values', '1') }, 'values'],
  ['an object of a program that had secrets', 'shop:configmap/login', { ...manifest(TEXT), ...confidential('all', '2') }, 'all'],
] as const)('of %s neither side has a value (S-074)', async (_, id, secret, hidden) => {
  const { kube, sync, look } = await startWorld();
  await sync(secret);
  await kube.create(EVENTS, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'quote', namespace: 'shop' },
    involvedObject: { kind: secret.object.kind, namespace: 'shop', name: 'login' },
    type: 'Warning',
    reason: 'Quote',
    message: 'hunter2 is wrong',
    lastTimestamp: '2030-01-01T00:00:00Z',
  });
  const report = await look(id, secret);
  expect(report).toMatchObject({ exists: true, hidden });
  expect(new Set(report.fields.map(({ state }) => state))).toEqual(new Set(['hidden']));
  const data = report.fields.find(({ path }) => path.startsWith('data'));
  expect(data).toMatchObject({ live: '***', owners: [{ manager: 'flux' }] });
  const sent = JSON.stringify([report, shownManifest(secret)]);
  expect(report.events).toMatchObject({ state: 'read' });
  expect(sent).toContain('Quote');
  expect(sent).not.toContain('hunter2');
  expect(sent).not.toContain(Buffer.from('hunter2').toString('base64'));
  expect(sent.includes('password')).toBe(hidden === 'values');
});

test('what was applied from an encrypted file stays hidden when Git has it in the clear', async () => {
  const { sync, look } = await startWorld();
  await sync({ ...manifest(TEXT), ...confidential('values', '1') });
  const clear = manifest({ ...TEXT, metadata: { name: 'login', namespace: 'shop' }, data: { password: 'none' } });
  const report = await look('shop:configmap/login', clear);
  expect(report.hidden).toBe('values');
  expect(JSON.stringify(report)).not.toContain('hunter2');
});

test('each read needs a right, and Events that may not be read are said so', async () => {
  const { sync, look } = await startWorld();
  const web = manifest(WEB);
  await sync(web);
  const asked: ResourceRight[] = [];
  const refuse = (resource: string) => async (right: ResourceRight) => {
    asked.push(right);
    if (right.resource === resource) throw new FluxError(`may not ${right.verb}`, { code: 'api/forbidden', fault: 'user' });
  };
  await expect(look('shop:deployment/web', web, refuse('deployments'))).rejects.toMatchObject({ code: 'api/forbidden' });
  expect(asked).toEqual([{ verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web' }]);
  const report = await look('shop:deployment/web', web, refuse('events'));
  expect(report.events).toEqual({ state: 'unread', reason: 'may not list' });
  expect(asked).toContainEqual({ verb: 'list', group: '', resource: 'events', namespace: 'shop' });
});

test('a kind that the cluster does not serve is named', async () => {
  const { sync, look } = await startWorld();
  await sync();
  const widget = manifest({ apiVersion: 'acme.io/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'shop' } });
  await expect(look('shop:widget/w', widget)).rejects.toMatchObject({ code: 'cluster/unknown-kind', fault: 'missing' });
});

test('a large object is not compared, and one with many fields is cut', async () => {
  const { sync, look } = await startWorld();
  const data = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, 'x']));
  const mapOf = (count: number) =>
    manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large', namespace: 'shop' }, data: data(count) });
  await sync(mapOf(3_000));
  const many = await look('shop:configmap/large', mapOf(3_000));
  expect([many.exists, many.isCut, many.fields.length]).toEqual([true, true, 2_000]);
  await sync(mapOf(6_000));
  const large = await look('shop:configmap/large', mapOf(6_000));
  expect([large.exists, large.isCut, large.fields]).toEqual([true, true, []]);
});
