import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createLogger, silentLogger } from '../../../src/base/index.ts';
import type { Plan } from '../../../src/change/index.ts';
import { gcMark, MARK_LABEL } from '../../../src/cluster/index.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { createRepositoryReader } from '../../../src/controller/repository/view.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { partOf } from '../../support/part-of.ts';
import { type Fault, status } from '../api-server.ts';
import { configMap, crd, manifest, namespace, path, request, SYNC_SET, startWorld, type World } from '../world.ts';

const REASON = 'namespace other is not among those of --k8s-allow-namespace';

const deployment = (name: string, ns: string) =>
  manifest({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: ns },
    spec: { template: { spec: { containers: [{ name: 'c', image: `acme/${name}:1` }] } } },
  });

function putDeployment({ server }: World, name: string, ns: string): void {
  server.put(`/apis/apps/v1/namespaces/${ns}/deployments/${name}`, {
    ...deployment(name, ns).object,
    metadata: { name, namespace: ns, generation: 1 },
  });
}

/** Two namespaces, of which one is allowed, and `default`, where manifests without one go. */
async function startLimited(options: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  const world = await startWorld({ namespaces: ['shop'], ...options });
  world.server.put(path.namespace('other'), { metadata: { name: 'other' } });
  return world;
}

function forbid(what: (request: { readonly method: string; readonly path: string }) => boolean, message: string) {
  return (request: { readonly method: string; readonly path: string }): Fault | undefined =>
    what(request) ? { status: 403, body: status(403, 'Forbidden', message) } : undefined;
}

/** Reads manifests as the daemon does, from the text of files. */
async function read(...texts: readonly string[]) {
  const files = texts.map((text, at) => ({ path: `${at}.yaml`, mode: '100644', blob: String(at), size: text.length }));
  return createManifests().read(files, async (blob) => Buffer.from(texts[Number(blob)] ?? ''));
}

/** A log, as the parsed lines that it wrote. */
async function recorder() {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(
        ...chunk
          .toString()
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      );
      done();
    },
  });
  return { lines, log: await createLogger({ format: 'json', destination }) };
}

const object = (kind: string, apiVersion: string, metadata: string, rest = '') =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: ${metadata}\n${rest}`;
const map = (metadata: string) => object('ConfigMap', 'v1', metadata);
const inNamespace = (text: string) => map(`{name: a, namespace: ${text}}`);
const definition = (plural: string, kind: string, scope: string, group: string, more = '') =>
  object(
    'CustomResourceDefinition',
    'apiextensions.k8s.io/v1',
    `{name: ${JSON.stringify(`${plural}.${group}`)}${more}}`,
    `spec: {group: ${JSON.stringify(group)}, scope: ${scope}, names: {plural: ${JSON.stringify(plural)}, kind: ${kind}}, versions: [{name: v1, served: true, storage: true}]}`,
  );
const IGNORED = ', annotations: {fluxcd.io/ignore: "true"}';
const item = '{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}';

/** Each aims at something outside of the namespace `shop`. */
const CRAFTED: readonly (readonly [string, string])[] = [
  ['a ConfigMap', inNamespace('other')],
  ['a Secret', object('Secret', 'v1', '{name: a, namespace: other}', 'stringData: {a: b}')],
  ['a Service', object('Service', 'v1', '{name: a, namespace: other}')],
  ['a ServiceAccount', object('ServiceAccount', 'v1', '{name: a, namespace: other}')],
  ['a PersistentVolumeClaim', object('PersistentVolumeClaim', 'v1', '{name: a, namespace: other}')],
  ['a Deployment', object('Deployment', 'apps/v1', '{name: a, namespace: other}')],
  ['a StatefulSet', object('StatefulSet', 'apps/v1', '{name: a, namespace: other}')],
  ['a DaemonSet', object('DaemonSet', 'apps/v1', '{name: a, namespace: other}')],
  ['a CronJob', object('CronJob', 'batch/v1', '{name: a, namespace: other}')],
  ['an object of a custom kind', object('Gadget', 'example.com/v1', '{name: a, namespace: other}')],
  ['a namespace of the system', inNamespace('kube-system')],
  ['the item of a List', `apiVersion: v1\nkind: List\nitems: [${item}]`],
  ['the item of a ConfigMapList', `apiVersion: v1\nkind: ConfigMapList\nitems: [${item}]`],
  ['the item of a List that is itself in shop', `apiVersion: v1\nkind: List\nmetadata: {namespace: shop}\nitems: [${item}]`],
  ['a Namespace in a List', 'apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Namespace, metadata: {name: other}}]'],
  ['a JSON file', `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"other"}}`],
  ['no namespace', map('{name: a}')],
  ['an empty namespace', inNamespace('""')],
  ['a null namespace', inNamespace('null')],
  ['a namespace of ~', inNamespace('~')],
  ['default by name', inNamespace('default')],
  ['no namespace, under an excuse', map('{name: a, annotations: {namespace: shop}, labels: {namespace: shop}}')],
  ['a generateName elsewhere', map('{generateName: a-, namespace: other}')],
  ['a generateName here', map('{generateName: a-, namespace: shop}')],
  ['a generateName beside a name', map('{name: a, generateName: a-, namespace: other}')],
  ['Other', inNamespace('Other')],
  ['SHOP', inNamespace('SHOP')],
  ['Shop', inNamespace('Shop')],
  ['shop with a space after it', inNamespace('"shop "')],
  ['shop with a space before it', inNamespace('" shop"')],
  ['shop with a newline after it', inNamespace('"shop\\n"')],
  ['shop with a zero byte after it', inNamespace('"shop\\0"')],
  ['shop with an invisible space', inNamespace('"shop\\u200b"')],
  ['shop with a Cyrillic letter', inNamespace('"sh\\u043ep"')],
  ['shop with a dot after it', inNamespace('shop.')],
  ['shop and other', inNamespace('"shop,other"')],
  ['a way out of shop', inNamespace('shop/../other')],
  ['an encoded way out of shop', inNamespace('shop%2f..%2fother')],
  ['a path of parts', inNamespace('".."')],
  ['a query', inNamespace('"other?x=shop"')],
  ['a pattern', inNamespace('"*"')],
  ['a list of namespaces', inNamespace('[shop, other]')],
  ['a mapping', inNamespace('{shop: other}')],
  ['a number', inNamespace('0')],
  ['a namespace given twice', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: shop\n  namespace: other\n'],
  [
    'metadata given twice',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\nmetadata: {name: a, namespace: other}\n',
  ],
  ['an anchor and an alias', 'apiVersion: v1\nkind: ConfigMap\ndata: {a: &x other}\nmetadata: {name: a, namespace: *x}\n'],
  ['a merge key', 'apiVersion: v1\nkind: ConfigMap\ndata: &x {namespace: other}\nmetadata: {<<: *x, name: a}\n'],
  ['a name that leads elsewhere', map('{name: ../../other/configmaps/a, namespace: shop}')],
  ['an encoded name that leads elsewhere', map('{name: "..%2f..%2fother%2fconfigmaps%2fa", namespace: shop}')],
  ['an apiVersion that leads elsewhere', object('ConfigMap', 'v1/namespaces/other', '{name: a, namespace: shop}')],
  ['a selfLink of shop', map('{name: a, namespace: other, selfLink: /api/v1/namespaces/shop/configmaps/a}')],
  [
    'annotations that mean something',
    map('{name: a, namespace: other, annotations: {fluxcd.io/ignore: "false", fluxcd.io/force: "true"}}'),
  ],
  ['another Namespace', object('Namespace', 'v1', '{name: other}')],
  ['another Namespace, as if it were in shop', object('Namespace', 'v1', '{name: other, namespace: shop}')],
  ['a Namespace that is not there yet', object('Namespace', 'v1', '{name: shop2}')],
  ['a Namespace in odd case', object('Namespace', 'v1', '{name: Shop}')],
  ['a Namespace by another name', object('Project', 'project.openshift.io/v1', '{name: other}')],
  ['a Namespace in a group of its own', object('Namespace', 'core/v1', '{name: other}')],
  [
    'a definition that makes it look cluster-scoped',
    `${definition('gadgets', 'Gadget', 'Cluster', 'example.com', IGNORED)}\n---\n${object('Gadget', 'example.com/v1', '{name: a, namespace: other}')}`,
  ],
  [
    'a definition that comes with it',
    `${definition('tools', 'Tool', 'Namespaced', 'example.org')}\n---\n${object('Tool', 'example.org/v1', '{name: a, namespace: other}')}`,
  ],
  [
    'a definition of a second name for Namespace',
    `${definition('namespaces', 'Room', 'Cluster', '', IGNORED)}\n---\n${object('Room', 'v1', '{name: other}')}`,
  ],
  [
    'a definition of a cluster-scoped name for ConfigMap',
    `${definition('configmaps', 'Map', 'Cluster', '', IGNORED)}\n---\n${object('Map', 'v1', '{name: a, namespace: other}')}`,
  ],
  [
    'a definition under the name of one that is there, of a second name for ConfigMap',
    `${definition('configmaps', 'Map', 'Cluster', '', IGNORED).replace('"configmaps."', 'gadgets.example.com')}\n---\n${object('Map', 'v1', '{name: a}')}`,
  ],
  [
    'a definition in the API’s own group',
    `${definition('deployments', 'Deployment', 'Cluster', 'apps', IGNORED)}\n---\n${object('Deployment', 'apps/v1', '{name: a, namespace: other}')}`,
  ],
];

describe('S-092: manifests that aim at another namespace', () => {
  test('are at least 60', () => expect(CRAFTED.length).toBeGreaterThanOrEqual(60));

  test.each(CRAFTED)('%s: not applied, and reported', async (_title, text) => {
    const { cluster, server } = await startLimited();
    server.kinds.push(
      { group: 'example.com', version: 'v1', kind: 'Gadget', plural: 'gadgets', namespaced: true },
      { group: 'project.openshift.io', version: 'v1', kind: 'Project', plural: 'projects', namespaced: false },
    );
    const { object: installed } = crd('gadgets', 'Gadget');
    server.establishCrd(
      server.put('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.example.com', { ...installed }),
    );
    const { manifests, errors } = await read(text);
    const changes = await cluster.apply(await cluster.plan(request(manifests)));
    const isDefinition = (id: string) => id.includes(':customresourcedefinition/');
    const aimed = changes.filter(({ id }) => !isDefinition(id));
    expect(aimed.length + errors.length).toBe(1);
    for (const { outcome, excluded, error } of aimed) expect(excluded ? outcome : error && outcome).toMatch(/^(skipped|failed)$/);
    const written = server.requests.filter(({ method }) => method !== 'GET').map((each) => each.path);
    expect(written.filter((each) => !each.includes('/customresourcedefinitions/'))).toEqual([]);
    expect(server.requests.filter((each) => /\bother\b|default|shop\.|%/.test(each.path))).toEqual([]);
  });

  test('what is beside them is applied: in the namespace, the Namespace itself, and kinds without namespaces', async () => {
    const { sync } = await startLimited();
    const outcomes = await sync([namespace('shop'), configMap('a'), configMap('b', {}, 'other'), crd()]);
    expect(outcomes).toEqual({
      '<cluster>:namespace/shop': 'configured',
      'shop:configmap/a': 'created',
      'other:configmap/b': 'skipped',
      '<cluster>:customresourcedefinition/widgets.example.com': 'created',
    });
  });

  test('manifests without a namespace go to the default one, if that is allowed', async () => {
    const { sync } = await startLimited({ defaultNamespace: 'shop' });
    expect(await sync([configMap('a', {}, '')])).toEqual({ 'shop:configmap/a': 'created' });
  });
});

describe('S-095: one decision, on every path', () => {
  const entryOf = ({ entries }: Plan, id: string) => entries.find((each) => each.id === id);

  test('sync: nothing is applied outside, and the entry says why', async () => {
    const { plan, sync, server } = await startLimited();
    const entry = entryOf(await plan([configMap('a', {}, 'other')]), 'other:configmap/a');
    expect(entry).toMatchObject({ action: 'skip', reason: REASON, excluded: true, place: { file: 'all.yaml' } });
    await sync([configMap('a', {}, 'other')]);
    expect(server.get(path.configMap('a', 'other'))).toBeUndefined();
  });

  test('diff: nothing outside is tried out or read', async () => {
    const { cluster, plan, server } = await startLimited();
    const [diff] = await cluster.diff(await plan([configMap('a', {}, 'other')], { preview: true }));
    expect(diff).toMatchObject({ action: 'skip', reason: REASON });
    expect(server.calls).toEqual([]);
  });

  test('garbage collection: a definition stays while Git has objects of its kind, in other namespaces too', async () => {
    const { sync } = await startLimited();
    const gadget = manifest({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'other' } });
    const collected = { garbageCollection: 'on', allowPrune: 9 } as const;
    await sync([configMap('a'), crd(), gadget], collected);
    const definition = '<cluster>:customresourcedefinition/widgets.example.com';
    expect(await sync([configMap('a'), gadget], collected)).toMatchObject({ [definition]: 'held', 'other:widget/w': 'skipped' });
    expect(await sync([configMap('a')], collected)).toMatchObject({ [definition]: 'deleted' });
  });

  test('garbage collection: marked objects outside are no candidates, Namespaces included', async () => {
    const { sync, plan, server } = await startLimited();
    await sync([configMap('a')]);
    const owned = (name: string, ns: string | undefined, id: string) => ({
      metadata: {
        name,
        ...(ns === undefined ? {} : { namespace: ns }),
        labels: { [MARK_LABEL]: gcMark(SYNC_SET, id) },
        managedFields: [
          { manager: 'flux', operation: 'Apply', fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${MARK_LABEL}`]: {} } } } },
        ],
      },
    });
    server.put(path.configMap('old'), owned('old', 'shop', 'shop:configmap/old'));
    server.put(path.configMap('old', 'other'), owned('old', 'other', 'other:configmap/old'));
    server.put(path.namespace('other'), owned('other', undefined, '<cluster>:namespace/other'));
    // An API server, or a proxy before it, that answers more than it was asked for.
    server.intercept = ({ path: asked, method }) =>
      method === 'GET' && asked === '/api/v1/namespaces/shop/configmaps'
        ? {
            status: 200,
            body: {
              kind: 'PartialObjectMetadataList',
              metadata: { resourceVersion: '1' },
              items: [path.configMap('a'), path.configMap('old'), path.configMap('old', 'other')].map((each) => server.get(each)),
            },
          }
        : undefined;
    const { entries } = await plan([configMap('a')], { garbageCollection: 'on' });
    expect(entries.map(({ id, action }) => [id, action])).toEqual([
      ['shop:configmap/a', 'unchanged'],
      ['shop:configmap/old', 'prune'],
    ]);
    expect(server.calls.filter((call) => !call.includes('/namespaces/shop') && /namespaces|configmaps/.test(call))).toEqual([]);
  });

  test('an object that left the namespaces by a change of the flag is neither applied nor deleted', async () => {
    const wide = await startWorld();
    wide.server.put(path.namespace('other'), { metadata: { name: 'other' } });
    const set = [configMap('a'), configMap('b', {}, 'other')];
    await wide.sync(set);
    const narrow = await createLoneCluster({
      kubeconfigFile: wide.server.kubeconfigFile,
      excludeResources: [],
      clock: wide.clock,
      log: silentLogger(),
      namespaces: ['shop'],
    });
    for (const each of [set, [configMap('a')]]) {
      const changes = await narrow.apply(await narrow.plan(request(each, { garbageCollection: 'on', allowPrune: 9 })));
      expect(changes.filter(({ outcome }) => outcome === 'deleted' || outcome === 'configured')).toEqual([]);
    }
    expect(wide.server.get(path.configMap('b', 'other'))).toBeDefined();
    narrow.close();
  });

  test('lists: workloads outside are not listed, not even when asked for by namespace or id', async () => {
    const world = await startLimited();
    putDeployment(world, 'web', 'shop');
    putDeployment(world, 'spy', 'other');
    const ids = async (filter: Parameters<typeof world.cluster.workloads>[0]) =>
      (await world.cluster.workloads(filter)).map(({ id }) => id);
    expect(await ids({})).toEqual(['shop:deployment/web']);
    expect(await ids({ namespace: 'other' })).toEqual([]);
    expect(await ids({ ids: ['other:deployment/spy'] })).toEqual([]);
    expect(await ids({ ids: ['other:deployment/spy', 'shop:deployment/web'] })).toEqual(['shop:deployment/web']);
    expect(world.server.calls.filter((call) => !call.includes('/namespaces/shop'))).toEqual([]);
  });

  test('releases, policies and automation: a manifest outside has no id, so nobody can ask for it', async () => {
    const { cluster, plan } = await startLimited();
    await plan([configMap('a')]);
    expect(cluster.idOf(deployment('web', 'shop').object)).toBe('shop:deployment/web');
    expect(cluster.idOf(deployment('spy', 'other').object)).toBeUndefined();
    expect(cluster.idOf(namespace('other').object)).toBeUndefined();
    const reader = createRepositoryReader(
      partOf<Source>({ files: async () => [] }),
      { read: async () => ({ manifests: [deployment('web', 'shop'), deployment('spy', 'other')], errors: [], warnings: [] }) },
      cluster,
    );
    const { manifests, workloads } = await reader.read('1'.repeat(40));
    expect([...manifests.keys()]).toEqual(['shop:deployment/web']);
    expect([...workloads.keys()]).toEqual(['shop:deployment/web']);
  });

  test('pull secrets: no Secret and no ServiceAccount outside is read', async () => {
    const { cluster, server } = await startLimited();
    for (const ns of ['shop', 'other']) {
      server.put(path.secret('s', ns), { kind: 'Secret', metadata: { name: 's', namespace: ns } });
      server.put(`/api/v1/namespaces/${ns}/serviceaccounts/s`, {
        kind: 'ServiceAccount',
        metadata: { name: 's', namespace: ns },
      });
    }
    for (const kind of ['Secret', 'ServiceAccount'] as const) {
      expect(await cluster.readCore(kind, 'shop', 's')).toBeDefined();
      expect(await cluster.readCore(kind, 'other', 's')).toBeUndefined();
    }
    expect(server.calls.some((call) => call.includes('/other/'))).toBe(false);
  });
});

describe('listing in allowed namespaces', () => {
  test('one that is not there, or forbidden, is left out and told once, and again after it was well', async () => {
    const { lines, log } = await recorder();
    const world = await startWorld({ namespaces: ['shop', 'secret', 'gone'], log });
    const { server, cluster } = world;
    server.put(path.namespace('secret'), { metadata: { name: 'secret' } });
    putDeployment(world, 'web', 'shop');
    putDeployment(world, 'deep', 'secret');
    const ids = async () => (await cluster.workloads({})).map(({ id }) => id);
    const told = () =>
      lines.splice(0).map(({ msg, namespace: name, err }) => [msg, name, (err as { readonly message?: string }).message]);
    const denied =
      'namespaces "secret" is forbidden: User "flux" cannot get resource "namespaces" in API group "" in the namespace "secret"';

    server.intercept = forbid(({ path: asked }) => asked.startsWith(path.namespace('secret')), denied);
    expect(await ids()).toEqual(['shop:deployment/web']);
    expect(told()).toEqual([
      ['cannot access allowed namespace', 'secret', denied],
      ['cannot access allowed namespace', 'gone', 'objects "gone" not found'],
    ]);
    expect(await ids()).toEqual(['shop:deployment/web']);
    expect(told()).toEqual([]);

    server.intercept = undefined;
    expect(await ids()).toEqual(['shop:deployment/web', 'secret:deployment/deep']);
    expect(told()).toEqual([]);
    server.intercept = forbid(({ path: asked }) => asked.startsWith(path.namespace('secret')), denied);
    expect(await ids()).toEqual(['shop:deployment/web']);
    expect(told()).toEqual([['cannot access allowed namespace', 'secret', denied]]);
  });

  test('with no namespace allowed, none is asked for', async () => {
    const world = await startWorld();
    putDeployment(world, 'web', 'shop');
    expect(await world.cluster.workloads({})).toHaveLength(1);
    expect(world.server.calls.filter((call) => call.includes('/namespaces/'))).toEqual([]);
  });
});
