import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createLogger, silentLogger } from '../../src/base/index.ts';
import { configMap, manifest, request } from '../cluster/world.ts';
import { EVERYTHING, type Rights, type Rule, refusalOf } from '../e2e/harness/rights.ts';
import { createLoneCluster } from '../support/lone-cluster.ts';
import { configMapPath } from './manifests.ts';
import { outcomes, startWorld, type World } from './world.ts';

const MINUTE = 60_000;
const USER = 'system:serviceaccount:flux:flux';
const MAPS = '/api/v1/configmaps';

const web = manifest({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'acme/web:1' }] } },
  },
});

/** From now on the API server checks rights. */
function grant({ proxy }: World, rights: Rights): void {
  proxy.intercept = (recorded) => refusalOf(recorded, rights, USER);
}

const verbs = (...list: readonly string[]): readonly Rule[] => [{ apiGroups: ['*'], resources: ['*'], verbs: list }];

async function startLogged() {
  const lines: { readonly level: string; readonly msg: string }[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  const log = await createLogger({ format: 'json', destination });
  const world = await startWorld({ log, excludeResources: ['*.k8s.io/*', 'autoscaling/*', 'policy/*'] });
  return { world, lines };
}

describe('R-010: a right to watch that is missing', () => {
  test('each sync lists instead and sees what people changed, for an hour; it is told once, and tried again with pauses', async () => {
    const { world, lines } = await startLogged();
    grant(world, { cluster: verbs('get', 'list', 'create', 'patch', 'delete') });
    await world.sync([configMap('a')]);
    world.proxy.clear();
    for (let minutes = 0; minutes < 60; minutes += 5) {
      await world.person.patch(configMapPath('a'), { data: { a: `drift ${minutes}` } });
      expect(outcomes(await world.sync([configMap('a')]))).toMatchObject({
        'shop:configmap/a': expect.stringMatching(/configured|held/),
      });
      await world.time.pass(5 * MINUTE);
    }
    const about = world.proxy.requests.filter(({ path }) => path === MAPS);
    expect(about.filter(({ watch, status }) => !watch && status === 200).length).toBe(12);
    const tries = about.filter(({ watch }) => watch);
    expect(tries.length).toBeGreaterThanOrEqual(60 * 2);
    expect(tries.length).toBeLessThanOrEqual(60 * 5);
    expect(lines.filter(({ msg }) => msg === 'watch failed; retrying')).toHaveLength(1);
    expect(lines.length).toBeLessThanOrEqual(10);
  });

  test('workloads are listed all the same', async () => {
    const { world, lines } = await startLogged();
    grant(world, { cluster: verbs('get', 'list', 'create', 'patch', 'delete') });
    await world.sync([web]);
    const list = () => world.time.during(world.cluster.workloads({}));
    expect((await list()).map(({ id }) => id)).toEqual(['shop:deployment/web']);
    expect((await list()).map(({ id }) => id)).toEqual(['shop:deployment/web']);
    expect(lines.filter(({ msg }) => msg === 'not allowed to list resources')).toEqual([]);
  });

  test('given back, it is used within 30 s, and drift is seen again without a sync', async () => {
    const { world } = await startLogged();
    let drifts = 0;
    world.cluster.onDrift(() => {
      drifts += 1;
    });
    grant(world, { cluster: verbs('get', 'list', 'create', 'patch', 'delete') });
    await world.sync([configMap('a')]);
    await world.time.pass(10 * MINUTE);
    grant(world, { cluster: [EVERYTHING] });
    await world.time.until(
      'watched',
      () => world.proxy.requests.some((each) => each.path === MAPS && each.watch && each.status === 200),
      MINUTE / 2,
    );
    drifts = 0;
    await world.person.patch(configMapPath('a'), { data: { a: 'drift' } });
    await world.time.until('drift is seen', () => drifts > 0, 2_000);
  });
});

describe('R-010: rights to a kind that are taken away while Flux runs, and given back', () => {
  test('its objects are held with the right that is missing, told once in an hour; given back, they are applied', async () => {
    const { world, lines } = await startLogged();
    const withoutMaps = () =>
      grant(world, {
        cluster: [
          { apiGroups: ['apps', 'batch'], resources: ['*'], verbs: ['*'] },
          { apiGroups: [''], resources: ['namespaces'], verbs: ['*'] },
        ],
      });
    await world.sync([configMap('a')]);
    withoutMaps();
    await world.time.pass(MINUTE);
    for (let minutes = 0; minutes < 60; minutes += 5) {
      const [map, other] = await world.sync([configMap('a', { a: 'c' }), web]);
      expect(map).toMatchObject({
        outcome: 'held',
        reason: expect.stringContaining(`User "${USER}" cannot list resource "configmaps" in API group "" at the cluster scope`),
      });
      expect(other?.outcome).toBe(minutes === 0 ? 'created' : 'unchanged');
      await world.time.pass(5 * MINUTE);
    }
    expect(
      lines
        .filter(({ level }) => level === 'warn')
        .map(({ msg }) => msg)
        .toSorted(),
    ).toEqual(['cannot list a kind that is in Git; its objects are held', 'watch failed; retrying']);
    world.proxy.intercept = undefined;
    expect(outcomes(await world.sync([configMap('a', { a: 'c' })]))).toEqual({ 'shop:configmap/a': 'configured' });
    lines.length = 0;
    withoutMaps();
    await world.time.pass(MINUTE);
    await world.sync([configMap('a', { a: 'd' })]);
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });
});

describe('R-010: rights in some of the allowed namespaces only', () => {
  test('what is in the others is held, and holds nothing else up', async () => {
    const world = await startWorld();
    await world.person.create('api/v1/namespaces', { metadata: { name: 'other' } });
    grant(world, { namespaces: { shop: [EVERYTHING] } });
    const cluster = await createLoneCluster({
      kubeconfigFile: world.proxy.kubeconfig,
      excludeResources: [],
      log: silentLogger(),
      clock: world.clock,
      namespaces: ['shop', 'other'],
    });
    const set = [configMap('a'), configMap('b', {}, 'other')];
    const changes = await world.time.during(cluster.plan(request(set)).then((plan) => cluster.apply(plan)));
    expect(outcomes(changes)).toEqual({ 'shop:configmap/a': 'created', 'other:configmap/b': 'held' });
    expect(changes[1]?.reason).toContain('cannot list resource "configmaps" in API group "" in the namespace "other"');
    expect((await world.time.during(cluster.workloads({}))).map(({ id }) => id)).toEqual([]);
    cluster.close();
  });
});
