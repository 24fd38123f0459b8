import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import {
  type Fault,
  type Files,
  manifest,
  path,
  type Recorded,
  startWorld,
  until,
  type World,
  writesOf,
} from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/**
 * Where requests are counted, the daemon does nothing that was not asked for: the scanner of registries would ask for pull
 * secrets, and a poll of Git under way when a sync is asked for leads to a second sync.
 */
const onlyOnRequest = { args: ['--registry-disable-scanning', '--git-poll-interval=1h'] };

test('100 manifests in 3 namespaces, a CRD and its object among them, apply in one sync; the next one sends no write', async () => {
  const { files, count, custom } = hundredManifests();
  const repository = await world.repository();
  const revision = await repository.commit('Everything at once', files);
  const fluxd = await world.fluxd(repository, onlyOnRequest);

  expect((await repository.synced(revision)).counts).toEqual({ created: count });
  expect((await world.kube.get(custom)).spec).toEqual({ size: 3 });

  fluxd.proxy.clear();
  const second = await fluxd.sync();
  expect(second.counts).toEqual({ unchanged: count });
  expect(second.changes).toEqual([]);
  expect(writesOf(fluxd.proxy).map(describeRequest)).toEqual([]);
  const lists = fluxd.proxy.requests.filter((request) => request.method === 'GET' && !isDiscovery(request) && !request.watch);
  expect(lists.filter(({ metadataOnly }) => !metadataOnly).map(describeRequest)).toEqual([]);
  expect(lists.filter((request) => !isCollection(request)).map(describeRequest)).toEqual([]);
  const paths = lists.map((request) => request.path);
  expect(paths.length).toBe(new Set(paths).size); // one list a kind
});

test('an edit by hand is undone without anybody asking, touching only that object', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const names = ['a', 'b', 'c'];
  const revision = await repository.commit('Three maps', {
    'namespace.yaml': manifest.namespace(shop),
    ...Object.fromEntries(names.map((name) => [`${name}.yaml`, manifest.configMap(shop, name)])),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${world.registry}/web:1`, replicas: 0 }),
  });
  const fluxd = await world.fluxd(repository, onlyOnRequest);
  await repository.synced(revision);

  for (const [object, edit, restored] of [
    [path.configMap(shop, 'b'), { data: { greeting: 'go away' } }, { data: { greeting: 'hello' } }],
    [
      path.deployment(shop, 'web'),
      { spec: { minReadySeconds: 0, revisionHistoryLimit: 10, replicas: 2 } },
      { spec: { replicas: 0 } },
    ],
  ] as const) {
    fluxd.proxy.clear();
    await world.kube.patch(object, edit);
    await until('the edit is undone', async () => matches(await world.kube.get(object), restored));
    expect(writesOf(fluxd.proxy).map(({ path }) => path)).toEqual([`/${object}`]);
    const reads = fluxd.proxy.requests.filter((request) => request.method === 'GET' && !isDiscovery(request) && !request.watch);
    expect(reads.map(describeRequest)).toEqual([]);
  }
  // The line is written when the sync ends, a moment after the API server has the object.
  for (const field of ['data.greeting', 'spec.replicas'])
    await until(`${field} is told`, async () => fluxd.log().includes(`changed in the cluster by kubectl-edit: ${field}`));

  fluxd.proxy.clear();
  expect((await fluxd.sync()).counts).toEqual({ unchanged: 5 });
  expect(writesOf(fluxd.proxy)).toEqual([]);
});

test.runIf(thorough('an object that somebody deleted'))('an object that somebody deleted comes back', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const revision = await repository.commit('A map', {
    'namespace.yaml': manifest.namespace(shop),
    'a.yaml': manifest.configMap(shop, 'a'),
  });
  await world.fluxd(repository, onlyOnRequest);
  await repository.synced(revision);

  await world.kube.delete(path.configMap(shop, 'a'));
  await until('it is back', async () => (await world.kube.find(path.configMap(shop, 'a'))) !== undefined);
});

test.runIf(thorough('fields that others own'))('fields that others own are left to them', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const revision = await repository.commit('A map', {
    'namespace.yaml': manifest.namespace(shop),
    'a.yaml': manifest.configMap(shop, 'a'),
  });
  const fluxd = await world.fluxd(repository);
  await repository.synced(revision);

  await world.kube.patch(path.configMap(shop, 'a'), {
    metadata: { annotations: { 'example.org/seen': 'yes' } },
    data: { more: 'x' },
  });
  await fluxd.sync();
  const live = await world.kube.get(path.configMap(shop, 'a'));
  expect(live.data).toEqual({ greeting: 'hello', more: 'x' });
  expect(live.metadata.annotations?.['example.org/seen']).toBe('yes');

  await repository.commit('Take a line out', { 'a.yaml': manifest.configMap(shop, 'a', { other: 'y' }) });
  await fluxd.sync();
  expect((await world.kube.get(path.configMap(shop, 'a'))).data).toEqual({ other: 'y', more: 'x' });
});

const faults: readonly (readonly [string, Fault])[] = [
  ['429 with Retry-After', { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }],
  ['503', { kind: 'answer', status: 503 }],
  ['a connection cut before the request arrives', { kind: 'drop' }],
  ['an answer lost after the write was done', { kind: 'lose-answer' }],
  ['a slow answer', { kind: 'delay', ms: 500 }],
];

test.runIf(thorough('faults of first writes')).for(faults)(
  '%s on every first write of an object still ends in the wanted state',
  async ([, fault]) => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const revision = await repository.commit('Some maps', {
      'namespace.yaml': manifest.namespace(shop),
      ...Object.fromEntries(range(6).map((n) => [`${n}.yaml`, manifest.configMap(shop, `map-${n}`)])),
    });
    const fluxd = await world.fluxd(repository, { wait: false });
    const failed = new Set<string>();
    fluxd.proxy.intercept = ({ method, path }) => {
      if (method === 'GET' || failed.has(path)) return undefined;
      failed.add(path); // each object once
      return fault;
    };
    await repository.synced(revision);
    await fluxd.sync(); // what the first one had to give up
    const report = await fluxd.sync();
    expect(failed.size).toBeGreaterThan(0);
    expect(report.failure).toBeUndefined();
    expect(report.counts).toEqual({ unchanged: 7 });
    const maps = (await world.kube.list(path.configMaps(shop))).filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt');
    expect(maps).toHaveLength(6);
  },
);

function matches(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null) return actual === expected;
  if (typeof actual !== 'object' || actual === null) return false;
  return Object.entries(expected).every(([key, value]) => matches((actual as Record<string, unknown>)[key], value));
}

function isDiscovery({ path }: Recorded): boolean {
  return /^\/(api|apis|version|openapi\/.*|api\/v1|apis\/[^/]+|apis\/[^/]+\/[^/]+)$/.test(path);
}

/** A list of all objects of a kind, in one namespace or in all. */
function isCollection({ path }: Recorded): boolean {
  return /^\/(api|apis\/[^/]+)\/[^/]+\/(namespaces\/[^/]+\/)?[^/]+$/.test(path);
}

function describeRequest({ method, path, query }: Recorded): string {
  return `${method} ${path}?${query}`;
}

function range(count: number): readonly number[] {
  return [...Array(count).keys()];
}

/** 3 Namespaces, a CRD and an object of it, Deployments, Services, Secrets, ServiceAccounts and ConfigMaps: 100 in all. */
function hundredManifests() {
  const group = `${world.unique('things')}.example.org`;
  const namespaces = ['front', 'back', 'data'].map((stem) => world.namespace(stem));
  const [front = ''] = namespaces;
  const files: Record<string, string> = {
    'crd.yaml': manifest.customResourceDefinition(group, 'Widget'),
    'a-widget.yaml': `apiVersion: ${group}/v1\nkind: Widget\nmetadata: { name: big, namespace: ${front} }\nspec: { size: 3 }\n`,
  };
  for (const namespace of namespaces) {
    files[`${namespace}/namespace.yaml`] = manifest.namespace(namespace);
    for (const n of range(5)) {
      const app = `app-${n}`;
      const meta = `metadata: { name: ${app}, namespace: ${namespace} }`;
      files[`${namespace}/${app}.yaml`] = [
        manifest.deployment({ namespace, name: app, image: `${world.registry}/web:1`, replicas: 0 }),
        `apiVersion: v1\nkind: Service\n${meta}\nspec: { selector: { app: ${app} }, ports: [{ port: 80, targetPort: 8080 }] }\n`,
        `apiVersion: v1\nkind: ServiceAccount\n${meta}\n`,
        `apiVersion: v1\nkind: Secret\n${meta}\nstringData: { password: s3cret }\n`,
      ].join('---\n');
    }
  }
  const soFar = 2 + namespaces.length * (1 + 5 * 4);
  const rest = 100 - soFar;
  for (const n of range(rest)) {
    files[`maps/${n}.yaml`] = manifest.configMap(namespaces[n % 3] ?? '', `map-${n}`);
  }
  return { files: files as Files, count: 100, custom: `apis/${group}/v1/namespaces/${front}/widgets/big` };
}
