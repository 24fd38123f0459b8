import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectStatesWire } from '../../src/api/client/index.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('two definitions of one object'))(
  'two definitions of one object, one with its namespace left out: none is applied, both places are named',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const first = await repository.commit('One definition', {
      'namespace.yaml': manifest.namespace(shop),
      'a.yaml': manifest.configMap(shop, 'twice', { from: 'a' }),
    });
    const fluxd = await world.fluxd(repository, { args: [`--k8s-default-namespace=${shop}`] });
    await repository.synced(first);

    const second = await repository.commit('A second one', {
      'a.yaml': manifest.configMap(shop, 'twice', { from: 'changed a' }),
      'deep/b.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: twice\ndata:\n  from: b\n',
      'good.yaml': manifest.configMap(shop, 'good'),
    });
    await repository.synced(second);
    expect((await world.kube.get(path.configMap(shop, 'twice'))).data).toEqual({ from: 'a' });
    expect(await world.kube.find(path.configMap(shop, 'good'))).toBeDefined();
    const report = await fluxd.sync();
    expect(report.counts.failed).toBe(1);
    const { objects } = JSON.parse((await fluxd.fluxctl('status', '-o', 'json')).stdout) as ObjectStatesWire;
    expect(objects).toHaveLength(1);
    const said = JSON.stringify([...report.errors, ...report.changes]);
    expect(said).toContain('a.yaml');
    expect(said).toContain('deep/b.yaml');
    expect(said).toContain(`${shop}:configmap/twice`);
  },
);

test.runIf(thorough('an object that carries the ignore annotation'))(
  'an object that carries the ignore annotation in the cluster is left alone',
  async () => {
    const shop = world.namespace('shop');
    await world.kube.create('api/v1/namespaces', { metadata: { name: shop } });
    await world.kube.create(path.configMaps(shop), {
      metadata: { name: 'mine', annotations: { 'fluxcd.io/ignore': 'true' } },
      data: { greeting: 'leave me' },
    });
    const repository = await world.repository();
    const revision = await repository.commit('Ours', {
      'mine.yaml': manifest.configMap(shop, 'mine'),
      'ours.yaml': manifest.configMap(shop, 'ours'),
    });
    await world.fluxd(repository);
    expect((await repository.synced(revision)).counts).toEqual({ skipped: 1, created: 1 });
    expect((await world.kube.get(path.configMap(shop, 'mine'))).data).toEqual({ greeting: 'leave me' });

    const again = await repository.commit('Ours, changed', {
      'mine.yaml': manifest.configMap(shop, 'mine', { greeting: 'again' }),
    });
    await repository.synced(again);
    expect((await world.kube.get(path.configMap(shop, 'mine'))).data).toEqual({ greeting: 'leave me' });
  },
);

test.runIf(thorough('an object that its file says to ignore'))(
  'an object that the file says to ignore is not applied',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const ignored = manifest
      .configMap(shop, 'not-me')
      .replace('metadata:\n', 'metadata:\n  annotations: { fluxcd.io/ignore: "true" }\n');
    const revision = await repository.commit('One is ignored', {
      'namespace.yaml': manifest.namespace(shop),
      'not-me.yaml': ignored,
    });
    await world.fluxd(repository);
    expect((await repository.synced(revision)).counts).toEqual({ created: 1, skipped: 1 });
    expect(await world.kube.find(path.configMap(shop, 'not-me'))).toBeUndefined();
  },
);

test.runIf(thorough('a list of a kind that fails'))(
  'while the list of a kind fails, objects of that kind are held and all others are applied',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const revision = await repository.commit('Maps and a secret', {
      'namespace.yaml': manifest.namespace(shop),
      'map.yaml': manifest.configMap(shop, 'map'),
      'secret.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: key, namespace: ${shop} }\nstringData: { password: s3cret }\n`,
    });
    const fluxd = await world.fluxd(repository, { wait: false });
    fluxd.proxy.intercept = ({ method, path }) =>
      method === 'GET' && /\/configmaps$/.test(path) ? { kind: 'answer', status: 500 } : undefined;
    expect((await repository.synced(revision)).counts).toEqual({ created: 2, held: 1 });
    expect(await world.kube.find(path.configMap(shop, 'map'))).toBeUndefined();
    expect(await world.kube.find(path.secret(shop, 'key'))).toBeDefined();
    expect(fluxd.log()).not.toContain('s3cret');

    fluxd.proxy.intercept = undefined;
    await fluxd.sync();
    expect(await world.kube.find(path.configMap(shop, 'map'))).toBeDefined();
  },
);

test.runIf(thorough('a commit that breaks one of ten files'))(
  'a commit that breaks one of ten files leaves the other nine in force',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const maps = [...Array(9).keys()];
    const first = await repository.commit('Nine maps', {
      'namespace.yaml': manifest.namespace(shop),
      ...Object.fromEntries(maps.map((n) => [`${n}.yaml`, manifest.configMap(shop, `map-${n}`)])),
    });
    await world.fluxd(repository);
    await repository.synced(first);
    const second = await repository.commit('One broken, one changed', {
      '0.yaml': 'kind: {{ .Values.kind }}\n',
      '1.yaml': manifest.configMap(shop, 'map-1', { greeting: 'changed' }),
    });
    const record = await repository.synced(second);
    expect(record.counts).toMatchObject({ unchanged: 8, configured: 1 });
    expect(record.changes).toContainEqual(
      expect.objectContaining({ outcome: 'refused', place: expect.stringMatching(/^0\.yaml/) }),
    );
    expect(await world.kube.find(path.configMap(shop, 'map-0'))).toBeDefined();
    expect((await world.kube.get(path.configMap(shop, 'map-1'))).data).toEqual({ greeting: 'changed' });
  },
);
