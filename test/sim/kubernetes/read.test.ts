import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Body, configMap, deployment, eventually, startTarget, type Target } from './target.ts';

let target: Target;
let namespace: string;
let base: string;
beforeAll(async () => {
  target = await startTarget();
  namespace = await target.namespace();
  base = `/api/v1/namespaces/${namespace}/configmaps`;
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await target.apply(
      `${base}/${name}`,
      configMap(name, { [name]: name }, { labels: { name, group: name < 'c' ? 'low' : 'high' } }),
    );
});
afterAll(() => target.stop());

// The controller-manager puts its certificate into every namespace; it carries no label.
const OURS = 'group';
const namesOf = (answer: Answer) => answer.body.items.map((item: Body) => item.metadata.name);
const list = (query: string) => target.call('GET', `${base}?labelSelector=${encodeURIComponent(OURS)}&${query}`);

describe('lists', () => {
  test('carry kind and version for the list, and not for each item', async () => {
    const { body } = await list('');
    expect([body.kind, body.apiVersion, Object.keys(body.items[0])]).toEqual([
      'ConfigMapList',
      'v1',
      expect.not.arrayContaining(['kind', 'apiVersion']),
    ]);
  });

  test('come in pages of one version', async () => {
    const first = await list('limit=2');
    await target.call('DELETE', `${base}/c`);
    const second = await list(`limit=2&continue=${first.body.metadata.continue}`);
    const third = await list(`limit=2&continue=${second.body.metadata.continue}`);
    await target.apply(`${base}/c`, configMap('c', { c: 'c' }, { labels: { name: 'c', group: 'high' } }));
    expect([first, second, third].map(namesOf)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    const versions = new Set([first, second, third].map(({ body }) => body.metadata.resourceVersion));
    expect([versions.size, third.body.metadata.continue]).toEqual([1, undefined]);
  });

  test('tell how many are left when no selector hides any', async () => {
    const { body } = await target.call('GET', `${base}?limit=2`);
    expect(body.metadata.remainingItemCount).toBeGreaterThanOrEqual(3);
  });

  test.each([
    ['name=a', ['a']],
    ['name==a', ['a']],
    ['name!=a,group=low', ['b']],
    ['name in (a, c)', ['a', 'c']],
    ['name notin (a,b,c)', ['d', 'e']],
    ['group,name in (e)', ['e']],
    ['!name', []],
  ])('labels %s', async (selector, expected) => {
    const answer = await target.call('GET', `${base}?labelSelector=${encodeURIComponent(`${OURS},${selector}`)}`);
    expect(namesOf(answer)).toEqual(expected);
  });

  test('can be had by field: name and namespace', async () => {
    expect(namesOf(await target.call('GET', `${base}?fieldSelector=metadata.name%3Db`))).toEqual(['b']);
    const all = `/api/v1/configmaps?labelSelector=${OURS}&fieldSelector=metadata.namespace%3D${namespace},metadata.name!%3Db`;
    expect(namesOf(await target.call('GET', all))).toEqual(['a', 'c', 'd', 'e']);
  });

  test('of every namespace hold ours', async () => {
    const { body } = await target.call('GET', `/api/v1/configmaps?labelSelector=name%3Da`);
    expect(body.items.map((item: Body) => item.metadata.namespace)).toContain(namespace);
  });
});

describe('representations', () => {
  const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
  const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

  test('metadata only, in lists', async () => {
    const { body } = await target.call('GET', `${base}?limit=1&labelSelector=${OURS}`, { accept: PARTIAL_LIST });
    expect([body.kind, body.apiVersion]).toEqual(['PartialObjectMetadataList', 'meta.k8s.io/v1']);
    expect(body.metadata.continue).toBeDefined();
    const [item] = body.items;
    expect([item.kind, item.apiVersion, item.metadata.name, item.data]).toEqual([
      'PartialObjectMetadata',
      'meta.k8s.io/v1',
      'a',
      undefined,
    ]);
    expect(item.metadata.managedFields[0].manager).toBe('flux');
  });

  test('metadata only, of one object, also as the answer to an apply', async () => {
    const { body } = await target.call('GET', `${base}/a`, { accept: PARTIAL });
    expect([body.kind, body.data]).toEqual(['PartialObjectMetadata', undefined]);
    const applied = await target.call('PATCH', `${base}/a?fieldManager=flux`, {
      accept: PARTIAL,
      type: 'application/apply-patch+yaml',
      body: configMap('a', { a: 'a' }, { labels: { name: 'a', group: 'low' } }),
    });
    expect([applied.body.kind, applied.body.metadata.name]).toEqual(['PartialObjectMetadata', 'a']);
  });

  test('tables have a name and a cell for each column', async () => {
    const { body } = await target.call('GET', `${base}?labelSelector=name%3Da`, { accept: TABLE });
    expect(body.kind).toBe('Table');
    expect(body.columnDefinitions.map(({ name }: Body) => name)).toEqual(['Name', 'Data', 'Age']);
    expect(body.rows[0].cells.slice(0, 2)).toEqual(['a', 1]);
    expect(body.rows[0].object.kind).toBe('PartialObjectMetadata');
  });

  test('an unknown form is 406', async () => {
    const { status, body } = await target.call('GET', `${base}/a`, { accept: 'application/pdf' });
    expect([status, body.reason]).toEqual([406, 'NotAcceptable']);
  });
});

describe('watches', () => {
  const version = async () => (await target.call('GET', `${base}?limit=1`)).body.metadata.resourceVersion;
  const shapeOf = ({ type, object }: { type: string; object: Body }) => [type, object.metadata.name];

  test('tell what happened since a version, in order', async () => {
    const from = await version();
    await target.apply(`${base}/w1`, configMap('w1', { a: '1' }));
    await target.apply(`${base}/w1`, configMap('w1', { a: '2' }));
    await target.call('DELETE', `${base}/w1`);
    const watch = await target.watch(`${base}?watch=true&resourceVersion=${from}`);
    const seen = await watch.until(({ type }) => type === 'DELETED');
    watch.close();
    expect(seen.map(shapeOf)).toEqual([
      ['ADDED', 'w1'],
      ['MODIFIED', 'w1'],
      ['DELETED', 'w1'],
    ]);
    const versions = seen.map(({ object }) => Number(object.metadata.resourceVersion));
    expect([...versions].sort((a, b) => a - b)).toEqual(versions);
    expect(seen[2]?.object.data).toEqual({ a: '2' });
  });

  test('go on live, and an apply that changes nothing is no event', async () => {
    const watch = await target.watch(`${base}?watch=true&resourceVersion=${await version()}`);
    await target.apply(`${base}/w2`, configMap('w2', { a: '1' }));
    await target.apply(`${base}/w2`, configMap('w2', { a: '1' }));
    await target.apply(`${base}/w2`, configMap('w2', { a: '2' }));
    const seen = await watch.until(({ object }) => object.data?.a === '2');
    watch.close();
    expect(seen.map(shapeOf)).toEqual([
      ['ADDED', 'w2'],
      ['MODIFIED', 'w2'],
    ]);
  });

  test('without a version begin with what there is', async () => {
    const watch = await target.watch(`${base}?watch=true&labelSelector=group%3Dlow`);
    const seen = [await watch.next(), await watch.next()];
    watch.close();
    expect(seen.map(shapeOf).sort()).toEqual([
      ['ADDED', 'a'],
      ['ADDED', 'b'],
    ]);
  });

  test('with a selector show objects that come under it as added and those that leave as deleted', async () => {
    const from = await version();
    const labelled = (value: string) => configMap('w3', { v: value }, { labels: { watched: value } });
    const watch = await target.watch(`${base}?watch=true&labelSelector=watched%3Dyes&resourceVersion=${from}`);
    await target.apply(`${base}/w3`, labelled('no'));
    await target.apply(`${base}/w3`, labelled('yes'));
    await target.apply(`${base}/w3`, labelled('no'));
    const seen = [await watch.next(), await watch.next()];
    watch.close();
    expect(seen.map(shapeOf)).toEqual([
      ['ADDED', 'w3'],
      ['DELETED', 'w3'],
    ]);
    // What left is shown as the watcher knew it.
    expect(seen[1]?.object.data).toEqual({ v: 'yes' });
  });

  test('can be of metadata only', async () => {
    const from = await version();
    const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
    const watch = await target.watch(`${base}?watch=true&resourceVersion=${from}`, { accept });
    await target.apply(`${base}/w4`, configMap('w4', { a: '1' }));
    const { type, object } = await watch.next();
    watch.close();
    expect([type, object.kind, object.apiVersion, object.data]).toEqual([
      'ADDED',
      'PartialObjectMetadata',
      'meta.k8s.io/v1',
      undefined,
    ]);
  });

  test('stream the list and mark its end with a bookmark when asked for initial events', async () => {
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const watch = await target.watch(`${base}?${query}&labelSelector=group`);
    const seen = await watch.until(({ type }) => type === 'BOOKMARK');
    watch.close();
    expect(seen.slice(0, -1).map(shapeOf).sort()).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => ['ADDED', name]));
    const end = seen.at(-1)?.object ?? {};
    expect([end.kind, end.metadata.annotations]).toEqual(['ConfigMap', { 'k8s.io/initial-events-end': 'true' }]);
    expect(Number(end.metadata.resourceVersion)).toBeGreaterThan(0);
  });

  test('end by themselves after timeoutSeconds', async () => {
    const watch = await target.watch(`${base}?watch=true&timeoutSeconds=1&resourceVersion=${await version()}`);
    await watch.ended;
  });

  test('from a forgotten version get one error, 410 Expired, and end', async () => {
    const from = target.sim ? await version() : '1';
    target.sim?.compact();
    // A real server remembers everything since it began to watch a kind itself; of a new kind it remembers little.
    const path = target.sim ? base : await newKind();
    const watch = await target.watch(`${path}?watch=true&resourceVersion=${from}`);
    const { type, object } = await watch.next();
    expect([type, object.code, object.reason]).toEqual(['ERROR', 410, 'Expired']);
    expect(object.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
    await watch.ended;
    if (!target.sim)
      await target.call('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.late.example.com');
  });
});

/** Defines a kind; resolves to the path of its objects. */
async function newKind(): Promise<string> {
  const path = '/apis/late.example.com/v1/things';
  const schema = { openAPIV3Schema: { type: 'object' } };
  await target.apply('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.late.example.com', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.late.example.com' },
    spec: {
      group: 'late.example.com',
      scope: 'Cluster',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  await eventually(
    () => target.call('GET', path),
    ({ status }) => status === 200,
  );
  return path;
}

describe('discovery', () => {
  const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

  test('the aggregated document says what the classic one says', async () => {
    const { body } = await target.call('GET', '/apis', { accept: AGGREGATED });
    expect([body.kind, body.apiVersion]).toEqual(['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2']);
    const apps = body.items.find((item: Body) => item.metadata.name === 'apps');
    const aggregated = apps.versions[0].resources.find((resource: Body) => resource.resource === 'deployments');
    const classic = await target.call('GET', '/apis/apps/v1');
    const entry = classic.body.resources.find((resource: Body) => resource.name === 'deployments');
    expect(aggregated).toMatchObject({ scope: 'Namespaced', verbs: entry.verbs, shortNames: entry.shortNames });
    expect(aggregated.subresources.map((sub: Body) => sub.subresource)).toEqual(['scale', 'status']);
    expect(entry).toMatchObject({ kind: 'Deployment', singularName: 'deployment', namespaced: true, categories: ['all'] });
  });

  test('core resources are under /api', async () => {
    const { body } = await target.call('GET', '/api', { accept: AGGREGATED });
    const names = body.items[0].versions[0].resources.map((resource: Body) => resource.resource);
    expect(names).toEqual(expect.arrayContaining(['configmaps', 'namespaces', 'secrets', 'services']));
    const classic = await target.call('GET', '/api/v1');
    expect(classic.body.groupVersion).toBe('v1');
  });

  test('groups name their versions', async () => {
    const { body } = await target.call('GET', '/apis');
    expect(body.groups.find((group: Body) => group.name === 'apps')).toMatchObject({
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    });
  });

  test('the version is that of Kubernetes, and the probes are open', async () => {
    expect((await target.call('GET', '/version')).body.gitVersion).toMatch(/^v1\.\d+\.\d+/);
    for (const path of ['/healthz', '/livez', '/readyz']) expect((await target.call('GET', path)).body.text).toBe('ok');
  });
});

test('a Deployment is scaled through its scale', async () => {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/scaled`;
  const before = await target.apply(path, deployment('scaled'));
  const scale = await target.call('GET', `${path}/scale`);
  expect(scale.body).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 1 },
    status: { selector: 'app=scaled' },
  });
  const patched = await target.call('PATCH', `${path}/scale?fieldManager=kubectl`, {
    type: 'application/merge-patch+json',
    body: { spec: { replicas: 3 } },
  });
  expect(patched.body.spec).toEqual({ replicas: 3 });
  const { body } = await eventually(
    () => target.call('GET', path),
    (answer) => answer.body.spec.replicas === 3,
  );
  expect(body.metadata.generation).toBe(before.body.metadata.generation + 1);
  const entry = body.metadata.managedFields.find((candidate: Body) => candidate.subresource === 'scale');
  expect([entry.manager, entry.operation, entry.fieldsV1]).toEqual(['kubectl', 'Update', { 'f:spec': { 'f:replicas': {} } }]);
});
