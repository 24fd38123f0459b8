import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../src/change/index.ts';
import { CHECKSUM_ANNOTATION, gcMark, MARK_LABEL } from '../../../src/cluster/index.ts';
import { type Manifest, placeName } from '../../../src/resource/index.ts';
import { countTurns } from '../../support/turns.ts';
import { status } from '../api-server.ts';
import { configMap, crd, deployment, manifest, namespace, path, request, startWorld, widget } from '../world.ts';

const actions = ({ entries }: Plan) => Object.fromEntries(entries.map(({ id, action }) => [id, action]));
const entry = ({ entries }: Plan, id: string) => entries.find((each) => each.id === id);

test('a mark is keyed by sync set and id, as Flux v1 computes it', () => {
  expect(gcMark('xbB77xd7g_-OHj_gZs2MERCxO-HcGxIHpkDjHCDrECU', 'shop:deployment/cart')).toBe(
    'sha256.x6NsZQGn1NrG7pnKY9QrsWjLxquGlsdUBf8NfLqrM8c',
  );
});

describe('what a plan asks of the API server', () => {
  test('a plan sends no write', async () => {
    const { plan, server } = await startWorld();
    await plan([configMap('a'), deployment('web')], { garbageCollection: 'on' });
    expect(server.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('others have their turn while it decides about many objects', async () => {
    const { plan } = await startWorld();
    const counter = countTurns();
    const decidedAt: number[] = [];
    const set = Array.from({ length: 2000 }, (_, index) => {
      const { checksum, ...rest } = configMap(`m${index}`);
      return {
        ...rest,
        get checksum() {
          decidedAt.push(counter.turns);
          return checksum;
        },
      };
    });
    expect((await plan(set)).entries).toHaveLength(2000);
    counter.stop();
    expect(new Set(decidedAt).size).toBeGreaterThanOrEqual(4);
  });

  test('with nothing new: one metadata-only list a kind, selected by our mark, and nothing else', async () => {
    const { plan, sync, server } = await startWorld();
    const set = [namespace('shop'), configMap('a'), configMap('b'), configMap('c'), deployment('web'), deployment('db')];
    await sync(set, { garbageCollection: 'on' });
    server.clear();
    const again = await sync(set, { garbageCollection: 'on' });
    expect(new Set(Object.values(again))).toEqual(new Set(['unchanged']));
    expect(server.calls.toSorted()).toEqual([
      'GET /api/v1/configmaps',
      'GET /api/v1/namespaces',
      'GET /apis/apps/v1/deployments',
    ]);
    for (const { query, headers } of server.requests) {
      expect(query.get('labelSelector')).toBe(MARK_LABEL);
      expect(headers.accept).toContain('as=PartialObjectMetadataList');
    }
    expect((await plan(set)).entries.every(({ action }) => action === 'unchanged')).toBe(true);
  });

  test('a list comes in pages', async () => {
    const { sync, server } = await startWorld();
    const set = ['a', 'b', 'c', 'd', 'e'].map((name) => configMap(name));
    await sync(set);
    server.pageSize = 2;
    server.clear();
    expect(Object.values(await sync(set))).toEqual(Array(5).fill('unchanged'));
    expect(server.requests.map(({ query }) => [query.get('limit'), query.get('continue')])).toEqual([
      ['500', null],
      ['500', '2'],
      ['500', '4'],
    ]);
  });

  test('one new object makes its kind be listed without selector, the others stay selected', async () => {
    const { sync, plan, server } = await startWorld();
    const set = [configMap('a'), deployment('web')];
    await sync(set);
    server.clear();
    await plan([...set, configMap('new')]);
    expect(server.requests.map(({ path: at, query }) => [at, query.get('labelSelector')]).toSorted()).toEqual([
      ['/api/v1/configmaps', null],
      ['/apis/apps/v1/deployments', MARK_LABEL],
    ]);
  });
});

describe('which objects are dirty', () => {
  test('a new one is created, a changed one changed, and both say why', async () => {
    const { sync, plan } = await startWorld();
    await sync([configMap('a'), configMap('b')]);
    const planned = await plan([configMap('a', { a: 'other' }), configMap('b'), configMap('c')]);
    expect(actions(planned)).toEqual({
      'shop:configmap/a': 'change',
      'shop:configmap/b': 'unchanged',
      'shop:configmap/c': 'create',
    });
    expect(entry(planned, 'shop:configmap/a')?.reason).toBe('changed in Git');
  });

  test('one that was deleted is created again', async () => {
    const { sync, server } = await startWorld();
    const set = [configMap('a'), configMap('b')];
    await sync(set);
    server.remove(path.configMap('a'));
    expect(await sync(set)).toEqual({ 'shop:configmap/a': 'created', 'shop:configmap/b': 'unchanged' });
  });

  test('after a restart everything is applied once, and the API server finds nothing to change', async () => {
    const first = await startWorld();
    const set = [configMap('a'), deployment('web')];
    await first.sync(set);
    const { createLoneCluster } = await import('../../support/lone-cluster.ts');
    const { silentLogger } = await import('../../../src/base/index.ts');
    const restarted = await createLoneCluster({
      kubeconfigFile: first.server.kubeconfigFile,
      excludeResources: [],
      clock: first.clock,
      log: silentLogger(),
    });
    const planned = await restarted.plan(request(set));
    expect(planned.entries.map(({ action }) => action)).toEqual(['change', 'change']);
    expect((await restarted.apply(planned)).map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
    restarted.close();
  });

  test('a status update of a kind with generation is not a change', async () => {
    const { sync, server } = await startWorld();
    const set = [deployment('web')];
    await sync(set);
    server.edit(path.deployment('web'), (object) => {
      object.status = { replicas: 1 };
    });
    server.clear();
    expect(await sync(set)).toEqual({ 'shop:deployment/web': 'unchanged' });
    expect(server.calls).toEqual(['GET /apis/apps/v1/deployments']);
    expect(await sync(set)).toEqual({ 'shop:deployment/web': 'unchanged' });
  });

  const edits = [
    ['a label of ours taken by somebody', () => undefined, [['metadata', 'labels', MARK_LABEL]]],
    ['a field of ours taken by somebody', () => undefined, [['spec', 'replicas']]],
  ] as const;

  test.for(edits)('%s makes exactly that object dirty', async ([, change, taken]) => {
    const { sync, plan, server } = await startWorld();
    const set = [deployment('web'), deployment('db')];
    await sync(set);
    server.edit(path.deployment('web'), change as (object: unknown) => void, taken);
    const planned = await plan(set);
    expect(actions(planned)).toEqual({ 'shop:deployment/web': 'change', 'shop:deployment/db': 'unchanged' });
    expect(entry(planned, 'shop:deployment/web')?.reason).toBe('changed in the cluster by kubectl-edit');
    server.clear();
    await sync(set);
    expect(server.calls.filter((call) => call.startsWith('PATCH'))).toEqual([`PATCH ${path.deployment('web')}`]);
  });

  test('another Flux that applies the same fields with another mark is seen, and named as such', async () => {
    const { sync, plan, server } = await startWorld();
    await sync([deployment('web')]);
    server.edit(path.deployment('web'), (object) => {
      object.metadata.labels[MARK_LABEL] = gcMark('another set', 'shop:deployment/web');
    });
    const planned = await plan([deployment('web')]);
    expect(planned.entries[0]).toMatchObject({ action: 'change', reason: expect.stringContaining('another Flux') });
  });

  test('another daemon of the same repository that applied another revision is seen by its checksum', async () => {
    const { sync, plan, server } = await startWorld();
    await sync([deployment('web')]);
    server.edit(path.deployment('web'), (object) => {
      object.metadata.annotations[CHECKSUM_ANNOTATION] = 'of-another-revision';
    });
    expect(actions(await plan([deployment('web')]))).toEqual({ 'shop:deployment/web': 'change' });
  });

  test('a write to fields that are not ours is no change, whether the kind counts generations or not', async () => {
    const { sync, plan, server } = await startWorld();
    await sync([configMap('a'), deployment('web')]);
    server.edit(path.configMap('a'), () => undefined);
    server.edit(path.deployment('web'), bump);
    expect(actions(await plan([configMap('a'), deployment('web')]))).toEqual({
      'shop:configmap/a': 'unchanged',
      'shop:deployment/web': 'unchanged',
    });
  });

  test('a field of ours taken from a kind without generation makes it dirty', async () => {
    const { sync, plan, server } = await startWorld();
    await sync([configMap('a')]);
    server.edit(path.configMap('a'), () => undefined, [['data', 'a']]);
    expect(actions(await plan([configMap('a')]))).toEqual({ 'shop:configmap/a': 'change' });
  });

  test('an object that came back under a new uid is dirty', async () => {
    const { sync, plan, server } = await startWorld();
    await sync([deployment('web')]);
    server.edit(path.deployment('web'), (object) => {
      object.metadata.uid = 'somebody-elses';
    });
    expect(actions(await plan([deployment('web')]))).toEqual({ 'shop:deployment/web': 'change' });
  });

  test('an object whose label somebody took off is found by a second list, not taken for deleted', async () => {
    const { sync, plan, server } = await startWorld();
    await sync([configMap('a')]);
    server.edit(path.configMap('a'), (object) => {
      delete object.metadata.labels[MARK_LABEL];
      object.metadata.annotations = { 'fluxcd.io/ignore': 'true' };
    });
    server.clear();
    expect(actions(await plan([configMap('a')]))).toEqual({ 'shop:configmap/a': 'skip' });
    expect(server.calls).toEqual(['GET /api/v1/configmaps', 'GET /api/v1/configmaps']);
  });
});

describe('what is left alone', () => {
  test.for([['fluxcd.io/ignore'], ['flux.weave.works/ignore']])(
    '%s: true in the cluster, on an object never applied',
    async ([key = '']) => {
      const { sync, server } = await startWorld();
      server.put(path.configMap('mine'), {
        metadata: { name: 'mine', namespace: 'shop', annotations: { [key]: 'true' } },
        data: {},
      });
      expect(await sync([configMap('mine'), configMap('ours')])).toEqual({
        'shop:configmap/mine': 'skipped',
        'shop:configmap/ours': 'created',
      });
      expect(server.get(path.configMap('mine')).data).toEqual({});
    },
  );

  test.for([['true'], [true]])('fluxcd.io/ignore: %s in the file', async ([value]) => {
    const { sync, server } = await startWorld();
    const annotations = { 'fluxcd.io/ignore': value } as Record<string, string>;
    const ignored = manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: 'shop', annotations } });
    expect(await sync([ignored])).toEqual({ 'shop:configmap/mine': 'skipped' });
    expect(server.get(path.configMap('mine'))).toBeUndefined();
  });

  test.for([['sync_only'], ['false']])(
    'fluxcd.io/ignore: %s does not keep an object from being applied',
    async ([value = '']) => {
      const { sync, server } = await startWorld();
      const annotations = { 'fluxcd.io/ignore': value };
      server.put(path.configMap('a'), { metadata: { name: 'a', namespace: 'shop', annotations }, data: {} });
      expect(await sync([configMap('a')])).toEqual({ 'shop:configmap/a': 'configured' });
    },
  );

  test('an object that is being deleted is held until it is gone', async () => {
    const { sync, plan, server } = await startWorld();
    await sync([configMap('a')]);
    server.edit(path.configMap('a'), (object) => {
      object.metadata.deletionTimestamp = '2030-01-01T00:00:00Z';
    });
    expect((await plan([configMap('a')])).entries[0]).toMatchObject({
      action: 'held',
      reason: expect.stringContaining('being deleted'),
    });
  });
});

describe('where manifests go', () => {
  test('namespaced without a namespace: to the default one; cluster-scoped: nowhere, even if the file names one', async () => {
    const { plan } = await startWorld({ defaultNamespace: 'fallback' });
    const stray = manifest({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other', namespace: 'shop' } });
    const planned = await plan([configMap('a', {}, ''), stray]);
    expect(planned.entries.map(({ id }) => id)).toEqual(['fallback:configmap/a', '<cluster>:namespace/other']);
  });

  test('the default namespace is the option, else that of the kubeconfig context, else default', async () => {
    expect((await startWorld()).cluster.defaultNamespace).toBe('default');
    expect((await startWorld({ context: 'shop' })).cluster.defaultNamespace).toBe('shop');
    expect((await startWorld({ context: 'shop', defaultNamespace: 'x' })).cluster.defaultNamespace).toBe('x');
  });

  test('ids are known once the API was looked at, and only for kinds that exist', async () => {
    const { cluster, plan } = await startWorld();
    const { object } = configMap('a', {}, '');
    expect(cluster.idOf(object)).toBeUndefined();
    await plan([crd(), widget('w')]);
    expect(cluster.idOf(object)).toBe('default:configmap/a');
    expect(cluster.idOf(widget('w').object)).toBe('shop:widget/w');
    expect(cluster.idOf({ ...object, kind: 'Nope' })).toBeUndefined();
  });

  test('an unknown kind fails alone, and is applied once its definition is there', async () => {
    const { sync, plan, server } = await startWorld();
    const planned = await plan([widget('w'), configMap('a')]);
    expect(actions(planned)).toEqual({ 'shop:widget/w': 'failed', 'shop:configmap/a': 'create' });
    expect(entry(planned, 'shop:widget/w')?.error?.message).toBe(
      'no kind Widget in apiVersion example.com/v1 in this cluster; is its CRD installed?',
    );
    server.establishCrd(structuredClone(crd().object));
    expect(await sync([widget('w')])).toEqual({ 'shop:widget/w': 'created' });
  });

  test.each([
    ['batch/v1beta1', 'CronJob', 'batch/v1'],
    ['extensions/v1beta1', 'Deployment', 'apps/v1'],
    ['apps/v1beta2', 'Deployment', 'apps/v1'],
    ['example.com/v1alpha1', 'Widget', 'example.com/v1'],
    ['example.org/v1', 'Deployment', undefined],
    ['apps/v1', 'Widget', undefined],
  ])('an API version that is not served is named with the one that is: %s %s', async (apiVersion, kind, served) => {
    const { plan } = await startWorld();
    const planned = await plan([crd(), manifest({ apiVersion, kind, metadata: { name: 'x', namespace: 'shop' } })]);
    const { message, help } = entry(planned, `shop:${kind.toLowerCase()}/x`)?.error ?? {};
    expect(message).toBe(
      served === undefined
        ? `no kind ${kind} in apiVersion ${apiVersion} in this cluster; is its CRD installed?`
        : `${kind} is not served as ${apiVersion} in this cluster, but as ${served}`,
    );
    if (served !== undefined) expect(help).toContain(`Change apiVersion to ${served}`);
  });

  test('a kind that only a definition of the set knows takes its scope from it, and is not listed', async () => {
    const { plan, server } = await startWorld();
    const planned = await plan([
      crd('gadgets', 'Gadget', 'Cluster'),
      manifest({ apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'g', namespace: 'x' } }),
    ]);
    expect(actions(planned)).toMatchObject({ '<cluster>:gadget/g': 'create' });
    expect(server.calls).toEqual(['GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions']);
  });

  test.for([
    ['no metadata', undefined],
    ['no name', {}],
    ['a name that leaves its path', { name: '..' }],
    ['a name with a slash', { name: 'a/b' }],
    ['a name that is a number', { name: 7 }],
    ['only generateName', { generateName: 'a-' }],
    ['a namespace that leaves its path', { name: 'a', namespace: '../kube-system' }],
    ['a namespace that is no text', { name: 'a', namespace: 3 }],
  ])('a manifest with %s is refused without a request for it', async ([, metadata]) => {
    const { plan, server } = await startWorld();
    const planned = await plan([
      manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata as { name: string } }),
      configMap('good'),
    ]);
    expect(planned.entries.map(({ action }) => action)).toEqual(['failed', 'create']);
    expect(planned.entries[0]?.error).toMatchObject({ code: 'cluster/bad-manifest', fault: 'user' });
    expect(server.calls).toEqual(['GET /api/v1/configmaps']);
  });

  test('a kind that cannot be patched is refused', async () => {
    const { plan } = await startWorld();
    const binding = manifest({ apiVersion: 'v1', kind: 'Binding', metadata: { name: 'b', namespace: 'shop' } });
    expect((await plan([binding])).entries[0]).toMatchObject({ action: 'failed', error: { code: 'cluster/not-supported' } });
  });
});

describe('duplicates after namespace defaulting', () => {
  test('none is applied, one entry names every place, and the live object stays', async () => {
    const { plan, sync, server } = await startWorld({ defaultNamespace: 'shop' });
    await sync([configMap('twice', { from: 'a' })], { garbageCollection: 'on' });
    const twins = [configMap('twice', { from: 'changed' }), configMap('twice', { from: 'b' }, ''), configMap('other')];
    const planned = await plan(twins, { garbageCollection: 'on' });
    expect(planned.entries.map(({ action }) => action)).toEqual(['failed', 'create']);
    for (const { place } of twins.slice(0, 2)) expect(planned.entries[0]?.error?.message).toContain(placeName(place));
    await sync(twins, { garbageCollection: 'on' });
    expect(server.get(path.configMap('twice')).data).toEqual({ from: 'a' });
  });

  test('an object that stands in twelve places is one entry, whatever is the matter with it', async () => {
    const { plan, sync } = await startWorld({ namespaces: ['shop'] });
    const twelve = (make: () => Manifest) => Array.from({ length: 12 }, make);
    const elsewhere = () => configMap('excluded', {}, 'other');
    const all = [
      ...twelve(() => configMap('twice')),
      ...twelve(() => widget('unknown')),
      ...twelve(elsewhere),
      configMap('good'),
    ];
    const { entries } = await plan(all);
    expect(entries.map(({ id, action }) => `${action} ${id}`)).toEqual([
      'failed shop:configmap/twice',
      'failed shop:widget/unknown',
      'skip other:configmap/excluded',
      'create shop:configmap/good',
    ]);
    expect(entries[0]?.error?.message).toMatch(/is defined 12 times: (all\.yaml:\d+ \(document 1\)(, )?){12}$/);
    expect(Object.keys(await sync(all))).toHaveLength(4);
  });

  test('two versions of one kind are the same object; the same kind of two groups is not', async () => {
    const { plan, server } = await startWorld();
    server.kinds.push({ group: 'apps', version: 'v1beta1', kind: 'Deployment', plural: 'deployments', namespaced: true });
    server.kinds.push({ group: 'example.com', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true });
    const older = deployment('web');
    const other = configMap('a');
    const planned = await plan([
      deployment('web'),
      manifest({ ...older.object, apiVersion: 'apps/v1beta1' }),
      configMap('a'),
      manifest({ ...other.object, apiVersion: 'example.com/v1' }),
    ]);
    expect(planned.entries.map(({ action }) => action)).toEqual(['failed', 'create', 'create']);
  });
});

describe('when lists fail', () => {
  test('objects of that kind are held with the reason, all others go on', async () => {
    const { plan, sync, server } = await startWorld();
    server.intercept = ({ path: at, method }) =>
      method === 'GET' && at === '/api/v1/secrets'
        ? { status: 403, body: status(403, 'Forbidden', 'secrets is forbidden') }
        : undefined;
    const secret = manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'shop' } });
    const planned = await plan([secret, configMap('a')]);
    expect(planned.entries[0]).toMatchObject({ action: 'held', reason: expect.stringContaining('secrets is forbidden') });
    expect(await sync([secret, configMap('a')])).toEqual({ 'shop:secret/s': 'held', 'shop:configmap/a': 'created' });
  });

  const lies: readonly (readonly [string, unknown])[] = [
    ['an empty object', {}],
    ['a list of another kind', { kind: 'SecretList', metadata: { resourceVersion: '1' }, items: [] }],
    ['items missing', { kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '1' } }],
    ['items null without a resourceVersion', { kind: 'PartialObjectMetadataList', metadata: {}, items: null }],
    [
      'items null with more to come',
      { kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '1', continue: 'x' }, items: null },
    ],
    ['an item without metadata', { kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '1' }, items: [{}] }],
    [
      'a page that repeats itself',
      { kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '1', continue: 'x' }, items: [] },
    ],
    ['a page of HTML', '<html>Sign in</html>'],
    ['half of a JSON text', '{"kind":"PartialObjectMetadataList","items":['],
  ];

  test.for(lies)(
    '%s is rejected whole: objects are held, nothing is created over what may be there (R-007)',
    async ([, body]) => {
      const { plan, server } = await startWorld();
      server.intercept = ({ path: at }) => (at === '/api/v1/configmaps' ? { status: 200, body } : undefined);
      const planned = await plan([configMap('a'), deployment('web')]);
      expect(actions(planned)).toEqual({ 'shop:configmap/a': 'held', 'shop:deployment/web': 'create' });
      expect(planned.entries[0]?.error?.code).toBe('cluster/bad-answer');
    },
  );

  test('an honest empty list, which Go writes as null, is a list', async () => {
    const { plan } = await startWorld();
    expect(actions(await plan([configMap('a')]))).toEqual({ 'shop:configmap/a': 'create' });
  });

  test('a continue token that expired starts the list over, once', async () => {
    const { sync, server } = await startWorld();
    const set = ['a', 'b', 'c'].map((name) => configMap(name));
    await sync(set);
    server.pageSize = 2;
    let expired = 0;
    server.intercept = ({ query }) =>
      query.has('continue') && expired++ === 0 ? { status: 410, body: status(410, 'Expired', 'too old') } : undefined;
    expect(Object.values(await sync(set))).toEqual(['unchanged', 'unchanged', 'unchanged']);
    server.intercept = ({ query }) =>
      query.has('continue') ? { status: 410, body: status(410, 'Expired', 'too old') } : undefined;
    expect(Object.values(await sync(set))).toEqual(['held', 'held', 'held']);
  });

  test('a server that cannot be reached fails the plan as a whole', async () => {
    const { plan, server } = await startWorld();
    server.intercept = () => 'cut';
    await expect(plan([configMap('a')])).rejects.toMatchObject({ code: 'cluster/unreachable' });
  });

  test('an excluded kind is never listed, but applied', async () => {
    const { sync, server } = await startWorld({ excludeResources: ['v1/ConfigMap'] });
    server.clear();
    expect(await sync([configMap('a')])).toEqual({ 'shop:configmap/a': 'created' });
    expect(server.calls).toEqual([`PATCH ${path.configMap('a')}`]);
  });
});

function bump(object: { metadata?: { generation: number } }): void {
  if (object.metadata) object.metadata.generation += 1;
}
