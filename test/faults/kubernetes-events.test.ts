import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/base/index.ts';
import type { ObjectEvent } from '../../src/change/index.ts';
import { Fence } from '../../src/cluster/lease/fence.ts';
import { configMap as configMapManifest, manifest, namespace as namespaceManifest } from '../cluster/world.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import { thorough } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { configMap, configMapPath, maps, namespace, yaml } from './manifests.ts';
import { VirtualClock } from './virtual-clock.ts';
import { startWorld } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const EVENTS = 'apis/events.k8s.io/v1/namespaces/shop/events';
const isEvent = ({ path }: Pick<Recorded, 'path'>) => path.includes('/events.k8s.io/');

const web = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
  },
});
const files = (...objects: readonly object[]) => ({ 'all.yaml': yaml(namespace('shop'), ...objects) });
const refusal = {
  kind: 'answer',
  status: 403,
  body: { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403, message: 'events is forbidden' },
} as const;

test('kubectl describe of a workload shows what was applied; nothing is written for the rest', async () => {
  const { time, repository, person } = await startEngine(files(web('a:1'), configMap('a')));
  await time.until('synced', () => repository.tag !== undefined, MINUTE);
  await time.pass(MINUTE);
  const { uid } = (await person.get('apis/apps/v1/namespaces/shop/deployments/web')).metadata;
  const events = await person.list(EVENTS);
  expect(events).toMatchObject([
    {
      type: 'Normal',
      reason: 'SyncApplied',
      action: 'Sync',
      reportingController: 'fluxcd.io/fluxd',
      reportingInstance: 'fluxd',
      note: `created from all.yaml:6 (document 2) at ${repository.head?.slice(0, 7)}`,
      regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid },
      metadata: { namespace: 'shop', annotations: { 'fluxcd.io/revision': repository.head } },
    },
  ]);
  expect(events[0]?.series).toBeUndefined();
});

test('trouble that lasts is one Event that counts, written again every five minutes at most', async () => {
  const engine = await startEngine(files(configMap('a')), {
    before: ({ proxy }) => {
      proxy.intercept = ({ method, path }) =>
        method === 'PATCH' && path.includes('/configmaps/')
          ? { kind: 'answer', status: 403, body: { ...refusal.body, message: 'no maps today' } }
          : undefined;
    },
  });
  const { time, proxy, person, metrics } = engine;
  await time.pass(2 * MINUTE);
  await time.pass(58 * MINUTE);
  const events = await person.list(EVENTS);
  expect(events).toMatchObject([
    {
      type: 'Warning',
      reason: 'SyncFailed',
      note: expect.stringContaining('no maps today'),
      regarding: { kind: 'ConfigMap', name: 'a' },
    },
  ]);
  expect(events[0]?.series.count).toBeGreaterThan(10);
  const writes = proxy.requests.filter(isEvent);
  expect(writes.length).toBeLessThanOrEqual(13);
  expect(writes.filter(({ method }) => method === 'POST')).toHaveLength(1);
  expect(await metrics()).toContain(`flux_kubernetes_events_total{result="written"} ${writes.length}`);
});

test('an Event that is gone, because none is kept for long, is written anew', async () => {
  const { time, person, proxy } = await startEngine(files(configMap('a')), {
    before: ({ proxy }) => {
      proxy.intercept = ({ method, path }) => (method === 'PATCH' && path.includes('/configmaps/') ? refusal : undefined);
    },
  });
  await time.pass(2 * MINUTE);
  for (const { metadata } of await person.list(EVENTS)) await person.delete(`${EVENTS}/${metadata.name}`);
  expect(await person.list(EVENTS)).toEqual([]);
  await time.pass(15 * MINUTE);
  expect(await person.list(EVENTS)).toMatchObject([{ reason: 'SyncFailed', series: { count: expect.any(Number) } }]);
  expect(proxy.requests.filter((each) => isEvent(each) && each.method === 'POST')).toHaveLength(2);
});

test('drift that was put right, deletions, and deletions that are held are told of any object', async () => {
  const { time, repository, person, sync } = await startEngine(files(configMap('a'), configMap('b')), {
    flags: ['--sync-garbage-collection'],
  });
  await time.until('synced', () => repository.tag !== undefined, MINUTE);
  const { uid } = (await person.get(configMapPath('b'))).metadata;
  await person.patch(configMapPath('a'), { data: { a: 'changed' } });
  await time.pass(MINUTE);
  repository.commit(files(configMap('a')));
  await sync();
  repository.commit({ ...files(), 'broken.yaml': 'a: [' });
  await sync();
  await time.pass(MINUTE);
  const events = await person.list(EVENTS);
  const shown = events.map(({ reason, type, regarding }) => `${type} ${reason} ${regarding.kind}/${regarding.name}`).sort();
  expect(shown).toEqual([
    'Normal DriftCorrected ConfigMap/a',
    'Normal GarbageCollected ConfigMap/b',
    'Warning DeletionHeld ConfigMap/a',
  ]);
  expect(events.find(({ reason }) => reason === 'GarbageCollected')?.regarding.uid).toBe(uid);
});

test('without the right to write Events all goes on, it is said once, and hardly tried again', async () => {
  const { time, repository, proxy, log, sync, person } = await startEngine(files(web('a:1'), configMap('a')), {
    before: ({ proxy }) => {
      proxy.intercept = (each) => (isEvent(each) ? refusal : undefined);
    },
  });
  await time.until('synced', () => repository.tag !== undefined, MINUTE);
  expect(repository.record()?.counts).toEqual({ created: 3 });
  for (let i = 2; i < 30; i += 1) {
    repository.commit(files(web(`a:${i}`), configMap('a')));
    expect((await sync()).counts).toEqual({ unchanged: 2, configured: 1 });
    await time.pass(MINUTE);
  }
  const lines = log.filter(({ msg }) => msg === 'Kubernetes Events are not written');
  expect(lines).toMatchObject([
    {
      level: 'warn',
      namespace: 'shop',
      error: expect.stringContaining('forbidden'),
      help: expect.stringContaining('events.events.k8s.io'),
    },
  ]);
  expect(proxy.requests.filter(isEvent).length).toBeLessThanOrEqual(4);

  // The right is given: the next ones are written.
  proxy.intercept = undefined;
  await time.pass(10 * MINUTE);
  repository.commit(files(web('a:30'), configMap('a')));
  await sync();
  await time.pass(MINUTE);
  expect(await person.list(EVENTS)).toMatchObject([{ reason: 'SyncApplied' }]);
});

test('Events that the API server never answers hold up no sync', async () => {
  const { time, repository, clock, sync } = await startEngine(files(web('a:1')), {
    before: ({ proxy }) => {
      proxy.intercept = (each) => (isEvent(each) ? { kind: 'hang', after: 'nothing' } : undefined);
    },
  });
  await time.until('synced', () => repository.tag !== undefined, MINUTE);
  repository.commit(files(web('a:2')));
  const before = clock.now();
  expect((await sync()).counts).toEqual({ unchanged: 1, configured: 1 });
  expect(clock.now() - before).toBeLessThan(5 * SECOND);
});

test.runIf(thorough('hundreds of objects that fail at once'))('hundreds of objects that fail at once make no flood', async () => {
  const { time, repository, proxy, metrics } = await startEngine(
    { 'namespace.yaml': yaml(namespace('shop')), ...maps(500) },
    {
      before: ({ proxy }) => {
        proxy.intercept = ({ method, path }) => (method === 'PATCH' && path.includes('/configmaps/') ? refusal : undefined);
      },
    },
  );
  await time.until('synced', () => repository.tag !== undefined, 5 * MINUTE);
  await time.pass(10 * SECOND);
  const times = proxy.requests.filter(isEvent).map(({ at }) => at);
  const busiest = Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + SECOND).length));
  expect(busiest).toBeLessThanOrEqual(31);
  await time.pass(50 * SECOND);
  const writes = proxy.requests.filter(isEvent).length;
  expect(writes).toBeGreaterThan(100);
  expect(writes).toBeLessThanOrEqual(25 + 5 * 70);
  expect((await metrics()).find((line) => line.startsWith('flux_kubernetes_events_total{result="left_out"}'))).toMatch(
    / [1-9]\d\d+$/,
  );
});

test('with --k8s-allow-namespace nothing is written outside of these namespaces, nor for what is in none', async () => {
  const { cluster, sync, time, person, proxy } = await startWorld({ namespaces: ['shop'] });
  const changes = await sync([namespaceManifest('shop'), configMapManifest('a')]);
  const tell = { reason: 'SyncFailed', action: 'Sync', type: 'Warning', note: 'no', revision: 'r' } as const;
  cluster.recordEvents(changes.map((change): ObjectEvent => ({ change, ...tell })));
  await time.pass(MINUTE);
  expect(proxy.requests.filter(isEvent).map(({ path }) => path)).toEqual([`/${EVENTS}`]);
  expect(await person.list(EVENTS)).toMatchObject([{ regarding: { kind: 'ConfigMap', name: 'a' } }]);
});

test('names and notes that an Event may not have are made to fit', async () => {
  const { cluster, sync, time, person } = await startWorld();
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'system:Shop:reader' },
    rules: [],
  };
  const changes = await sync([manifest(role)]);
  cluster.recordEvents(
    changes.map((change) => ({
      change,
      reason: 'SyncFailed',
      action: 'Sync',
      type: 'Warning',
      note: 'ä'.repeat(2000),
      revision: 'r',
    })),
  );
  await time.pass(MINUTE);
  const [event] = await person.list('apis/events.k8s.io/v1/namespaces/default/events');
  expect(event?.metadata.name).toMatch(/^system-shop-reader\.[0-9a-f]{16}$/);
  expect(event?.regarding).toMatchObject({ kind: 'ClusterRole', name: 'system:Shop:reader' });
  expect(event?.note).toMatch(/^ä{500}…$/);
});

test('who leads no more writes no Events, and says nothing of them', async () => {
  const lines: { readonly msg: string }[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const log = await createLogger({ format: 'json', destination });
  const fence = new Fence(new VirtualClock());
  const { cluster, sync, time, proxy } = await startWorld({ log, fence });
  const changes = await sync([configMapManifest('a')]);
  fence.close();
  cluster.recordEvents(
    changes.map((change) => ({ change, reason: 'SyncFailed', action: 'Sync', type: 'Warning', note: 'no', revision: 'r' })),
  );
  await time.pass(MINUTE);
  expect(proxy.requests.filter(isEvent)).toEqual([]);
  expect(lines.filter(({ msg }) => msg === 'Kubernetes Events are not written')).toEqual([]);
});
