import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import type { ObjectDiff, PlanRequest } from '../../../src/change/index.ts';
import { compareObjects } from '../../../src/cluster/diff/compare.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { KubeObject, Manifest } from '../../../src/resource/index.ts';
import { type Kubernetes, startKubernetes } from '../../../src/sim/index.ts';
import { createKubeClient, type KubeClient } from '../../e2e/harness/kube-client.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { invalid, status } from '../api-server.ts';
import { configMap, deployment, manifest, namespace, path, request, startWorld, widget, widgetDefinition } from '../world.ts';

interface Embedded {
  readonly kubernetes: Kubernetes;
  readonly cluster: Cluster;
  sync(...manifests: readonly Manifest[]): Promise<Readonly<Record<string, string>>>;
  /** By id. */
  diff(manifests: readonly Manifest[], more?: Partial<PlanRequest>): Promise<Readonly<Record<string, ObjectDiff>>>;
}

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

/** The embedded API, which tries things out as the real one does; its namespace `shop` is there. */
async function startEmbedded(): Promise<Embedded> {
  const kubernetes = await startKubernetes();
  const directory = mkdtempSync(join(tmpdir(), 'flux-diff-'));
  const kubeconfigFile = join(directory, 'kubeconfig');
  writeFileSync(kubeconfigFile, kubernetes.kubeconfig());
  const cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock: systemClock, log: silentLogger() });
  endings.push(async () => {
    cluster.close();
    await kubernetes.stop();
    rmSync(directory, { recursive: true });
  });
  const embedded: Embedded = {
    kubernetes,
    cluster,
    async sync(...manifests) {
      const changes = await cluster.apply(await cluster.plan(request(manifests)));
      return Object.fromEntries(changes.map(({ id, outcome }) => [id, outcome]));
    },
    async diff(manifests, more) {
      const diffs = await cluster.diff(await cluster.plan(request(manifests, { preview: true, ...more })));
      return Object.fromEntries(diffs.map((diff) => [diff.id, diff]));
    },
  };
  await embedded.sync(namespace('shop'));
  return embedded;
}

const web = (image: string, more: object = {}): Manifest =>
  manifest({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image, ...more }] } },
    },
  });
const secret = (data: object, more: object = {}): Manifest =>
  manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: 'shop' }, ...more, data } as KubeObject);
const writes = ({ kubernetes }: Embedded) =>
  kubernetes.requests.filter(({ method, query }) => method !== 'GET' && !query.includes('dryRun=All'));

const metadataFields = (of: string, key: string) => ({ 'f:metadata': { [`f:${of}`]: { [`f:${key}`]: {} } } });

describe('what a sync would do', () => {
  test('a changed image, and a field that comes with it', async () => {
    const world = await startEmbedded();
    await world.sync(web('acme/web:1'));
    const found = await world.diff([web('acme/web:2', { env: [{ name: 'MODE', value: 'fast' }] })]);
    expect(found['shop:deployment/web']).toMatchObject({
      action: 'change',
      reason: 'changed in Git',
      place: { file: 'all.yaml' },
      fields: [
        { path: 'spec.template.spec.containers[name=web].env[name=MODE].name', to: 'MODE' },
        { path: 'spec.template.spec.containers[name=web].env[name=MODE].value', to: 'fast' },
        { path: 'spec.template.spec.containers[name=web].image', from: 'acme/web:1', to: 'acme/web:2' },
      ],
    });
  });

  test('an object that is as Git wants it costs nothing and differs in nothing', async () => {
    const world = await startEmbedded();
    await world.sync(configMap('a'));
    world.kubernetes.requests.length = 0;
    expect(await world.diff([configMap('a')])).toMatchObject({ 'shop:configmap/a': { action: 'unchanged' } });
    expect(world.kubernetes.requests.filter(({ path }) => /configmaps\/a/.test(path))).toEqual([]);
  });

  test('an object that somebody else put there as Git wants it would only be marked: that is no difference', async () => {
    const world = await startEmbedded();
    const other = await createLoneCluster({
      kubeconfigFile: await kubeconfigOf(world.kubernetes),
      excludeResources: [],
      clock: systemClock,
      log: silentLogger(),
      fieldManager: 'somebody',
    });
    await other.apply(await other.plan(request([configMap('a')])));
    other.close();
    const found = await world.diff([configMap('a')]);
    expect(found['shop:configmap/a']).toEqual({
      id: 'shop:configmap/a',
      inGit: true,
      place: expect.anything(),
      action: 'unchanged',
    });
  });

  test('fields that kubectl apply wrote and Git has no longer would go, once they are ours; defaults come back', async () => {
    const world = await startEmbedded();
    const spec = web('acme/web:1', { env: [{ name: 'OLD', value: '1' }], ports: [{ containerPort: 80 }] }).object;
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'acme.example/note': 'x' };
    await created(world.kubernetes, 'apis/apps/v1/namespaces/shop/deployments?fieldManager=kubectl-client-side-apply', {
      ...spec,
      metadata: { ...spec.metadata, annotations },
    });
    const found = await world.diff([web('acme/web:1', { ports: [{ containerPort: 81 }] })]);
    expect(found['shop:deployment/web']).toMatchObject({
      action: 'change',
      fields: [
        { path: 'metadata.annotations["acme.example/note"]', from: 'x' },
        { path: 'spec.template.spec.containers[name=web].env[name=OLD].name', from: 'OLD' },
        { path: 'spec.template.spec.containers[name=web].env[name=OLD].value', from: '1' },
        { path: 'spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP].containerPort', from: 80 },
        { path: 'spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP].protocol', from: 'TCP' },
        { path: 'spec.template.spec.containers[name=web].ports[containerPort=81,protocol=TCP].containerPort', to: 81 },
        { path: 'spec.template.spec.containers[name=web].ports[containerPort=81,protocol=TCP].protocol', to: 'TCP' },
      ],
    });
    expect(writes(world).filter(({ query }) => !query.includes('kubectl'))).toEqual(writes(world).slice(0, 1));

    const told = found['shop:deployment/web']?.fields;
    const path = 'apis/apps/v1/namespaces/shop/deployments/web';
    const before = await got(world.kubernetes, path);
    await world.sync(web('acme/web:1', { ports: [{ containerPort: 81 }] }));
    expect(happened(before, await got(world.kubernetes, path))).toEqual(told);
  });

  test('an immutable field is an error that says what to do, or why the object would be created anew (R-016)', async () => {
    const world = await startEmbedded();
    await world.sync(web('acme/web:1'));
    const other = (annotations: Record<string, string>): Manifest => {
      const { metadata, spec, ...rest } = web('acme/web:1').object;
      const selector = { matchLabels: { app: 'other' } };
      const template = { metadata: { labels: { app: 'other' } }, spec: { containers: [{ name: 'web', image: 'acme/web:1' }] } };
      return manifest({ ...rest, metadata: { ...metadata, annotations }, spec: { replicas: 0, selector, template } });
    };
    expect(await world.diff([other({})])).toMatchObject({
      'shop:deployment/web': {
        action: 'failed',
        error: { code: 'cluster/immutable', help: expect.stringMatching(/fluxcd\.io\/force/) },
      },
    });
    const forced = (await world.diff([other({ 'fluxcd.io/force': 'true' })]))['shop:deployment/web'];
    expect(forced).toMatchObject({
      action: 'change',
      reason: expect.stringMatching(/^it would be deleted and recreated: .*immutable/),
    });
    expect(forced).not.toHaveProperty('fields');
  });

  test('an object that could not be created anew is an error, as an apply would leave it (R-016)', async () => {
    const world = await startWorld();
    const at = path.configMap('fixed');
    world.server.put(at, { metadata: { name: 'fixed', namespace: 'shop' }, data: { a: 'b' } });
    const metadata = { name: 'fixed', namespace: 'shop', annotations: { 'fluxcd.io/force': 'true' } };
    const fixed = manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'c' } });
    let full = true;
    world.server.intercept = ({ method, path: asked }) => {
      if (method !== 'PATCH') return undefined;
      if (asked === at)
        return invalid('ConfigMap "fixed" is invalid: data: Forbidden: field is immutable when `immutable` is set');
      return full ? { status: 403, body: status(403, 'Forbidden', 'configmaps "x" is forbidden: exceeded quota: q') } : undefined;
    };
    const diff = async () => world.cluster.diff(await world.plan([fixed], { preview: true }));
    expect(await diff()).toMatchObject([
      { action: 'failed', error: { message: expect.stringMatching(/not deleted .*exceeded quota/) } },
    ]);
    full = false;
    expect(await diff()).toMatchObject([
      { action: 'change', reason: expect.stringMatching(/^it would be deleted and recreated/) },
    ]);
  });

  test('what of a manifest is read otherwise than it is written is told', async () => {
    const world = await startEmbedded();
    const odd = manifest({ ...configMap('odd').object, status: { made: 'elsewhere' } });
    expect((await world.diff([odd]))['shop:configmap/odd']).toMatchObject({
      action: 'create',
      warnings: [{ message: expect.stringMatching(/status/) }],
    });
  });

  test('what a diff tells is what the sync then does, field by field', async () => {
    const world = await startEmbedded();
    const service = (ports: object[], type = 'ClusterIP'): Manifest =>
      manifest({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { type, selector: { app: 'web' }, ports },
      });
    await world.sync(
      web('acme/web:1', {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        args: ['x'],
      }),
      service([
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ]),
      configMap('map', { kept: '1', changed: '2', gone: '3' }),
    );
    const next = [
      web('acme/web:2', {
        env: [
          { name: 'B', value: '3' },
          { name: 'A', value: '1' },
        ],
        args: ['x', 'y'],
        resources: { limits: { cpu: '1500m' } },
      }),
      service([
        { name: 'b', port: 81, targetPort: 8081 },
        { name: 'c', port: 82 },
      ]),
      configMap('map', { kept: '1', changed: 'two', new: '' }),
    ];
    const paths = [
      'apis/apps/v1/namespaces/shop/deployments/web',
      'api/v1/namespaces/shop/services/web',
      'api/v1/namespaces/shop/configmaps/map',
    ];
    const all = () => Promise.all(paths.map((path) => got(world.kubernetes, path)));
    const told = Object.values(await world.diff(next));
    const before = await all();
    await world.sync(...next);
    const after = await all();
    expect(told.map(({ fields }) => fields)).toEqual(before.map((live, n) => happened(live, after[n] ?? {})));
    expect(told.map(({ fields = [] }) => fields.length > 2)).toEqual([true, true, true]);
  });

  test('a new object shows its fields, as the server would complete them', async () => {
    const world = await startEmbedded();
    const found = await world.diff([web('acme/web:1')]);
    expect(found['shop:deployment/web']).toMatchObject({ action: 'create', reason: 'not in the cluster' });
    const fields = Object.fromEntries((found['shop:deployment/web']?.fields ?? []).map(({ path, ...sides }) => [path, sides]));
    expect(fields['spec.template.spec.containers[name=web].image']).toEqual({ to: 'acme/web:1' });
    expect(fields['spec.template.spec.containers[name=web].imagePullPolicy']).toEqual({ to: 'IfNotPresent' });
    expect(Object.keys(fields).filter((path) => /^metadata|^status|fluxcd/.test(path))).toEqual([]);
  });

  test('objects of a namespace and of a kind that come with the same sync are new; nobody can try them out before', async () => {
    const world = await startEmbedded();
    const found = await world.diff([namespace('new'), configMap('a', { k: 'v' }, 'new'), widgetDefinition(), widget('w')]);
    expect(found).toMatchObject({
      '<cluster>:namespace/new': { action: 'create' },
      'new:configmap/a': {
        action: 'create',
        reason: 'a dry run is not possible: Namespace new is created in the same sync',
        fields: [{ path: 'data.k', to: 'v' }],
      },
      'shop:widget/w': {
        action: 'create',
        reason: 'a dry run is not possible: CustomResourceDefinition widgets.example.com is created in the same sync',
        fields: [{ path: 'spec.size', to: 1 }],
      },
    });
  });

  test('what the server would refuse has failed, with its words; the rest goes on, and nothing would be deleted', async () => {
    const world = await startEmbedded();
    await world.sync(namespace('shop'), configMap('old'), configMap('other'));
    const bad = manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad', namespace: 'shop' }, dta: { a: 'b' } });
    const found = await world.diff([namespace('shop'), bad, configMap('lost', {}, 'nowhere'), configMap('other', { new: 'x' })], {
      garbageCollection: 'on',
    });
    expect(found).toMatchObject({
      'shop:configmap/bad': { action: 'failed', error: { code: 'cluster/invalid', message: expect.stringMatching(/dta/) } },
      'nowhere:configmap/lost': { action: 'failed', error: { code: 'cluster/namespace-missing' } },
      'shop:configmap/other': { action: 'change' },
      'shop:configmap/old': { action: 'held', reason: '2 objects could not be applied' },
    });
  });

  test('an object whose namespace the set brings, but the server refuses, fails for that reason', async () => {
    const world = await startEmbedded();
    const found = await world.diff([namespace('Not_Valid'), configMap('a', {}, 'Not_Valid')]);
    expect(found['Not_Valid:configmap/a']).toMatchObject({
      action: 'failed',
      error: { code: 'cluster/dependency-failed', message: expect.stringMatching(/^needs Namespace Not_Valid: .*invalid/i) },
    });
  });

  test('what Git no longer has is shown as the garbage collection has it', async () => {
    const world = await startEmbedded();
    await world.sync(namespace('shop'), configMap('old'), configMap('kept'));
    const kept = [namespace('shop'), configMap('kept')];
    expect((await world.diff(kept, { garbageCollection: 'on' }))['shop:configmap/old']).toMatchObject({ action: 'prune' });
    expect((await world.diff(kept, { garbageCollection: 'dry' }))['shop:configmap/old']).toMatchObject({
      action: 'held',
      reason: 'dry run',
    });
    expect(await world.diff(kept)).not.toHaveProperty('shop:configmap/old');
  });

  test('a Secret shows where it differs and nothing it holds, in differences and in errors (S-074)', async () => {
    const world = await startEmbedded();
    const canaries = ['first-canary', 'second-canary', 'third-canary'].map(
      (text) => [text, Buffer.from(text).toString('base64')] as const,
    );
    const [[, first], [second, second64], [third]] = canaries as [
      (typeof canaries)[0],
      (typeof canaries)[0],
      (typeof canaries)[0],
    ];
    await world.sync(secret({ password: first, same: second64 }));
    const changed = await world.diff([secret({ password: second64, same: second64 }, { stringData: { token: third } })]);
    expect(changed['shop:secret/keys']).toMatchObject({
      action: 'change',
      fields: [
        { path: 'data.password', from: '***', to: '*** (changed)' },
        { path: 'data.token', to: '***' },
      ],
    });
    const refused = await world.diff([secret({ password: { nested: second } })]);
    expect(refused['shop:secret/keys']).toMatchObject({ action: 'failed' });
    const untried = await world.diff([
      namespace('new'),
      manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'k', namespace: 'new' }, stringData: { a: third } }),
    ]);
    expect(untried['new:secret/k']).toMatchObject({ action: 'create', fields: [{ path: 'data.a', to: '***' }] });
    const shown = JSON.stringify(
      [changed, refused, untried].map((each) => Object.values(each).map((diff) => ({ ...diff, error: String(diff.error) }))),
    );
    for (const text of canaries.flat()) expect(shown).not.toContain(text);
  });

  test('writes nothing, and the next sync finds everything as it was', async () => {
    const world = await startEmbedded();
    await world.sync(web('acme/web:1'), configMap('a'), secret({ a: 'YQ==' }));
    world.kubernetes.requests.length = 0;
    await world.diff([web('acme/web:2'), configMap('a', { a: 'c' }), configMap('new'), secret({ a: 'Yg==' })]);
    // A controller may write in between, and an object then be looked at once more.
    const tried = world.kubernetes.requests.filter(({ method }) => method === 'PATCH').map(({ path }) => path);
    expect(new Set(tried).size).toBe(4);
    expect(writes(world)).toEqual([]);
    world.kubernetes.requests.length = 0;
    const outcomes = await world.sync(web('acme/web:1'), configMap('a'), secret({ a: 'YQ==' }));
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['unchanged']));
    expect(writes(world)).toEqual([]);
  });
});

describe('a server that does not go along', () => {
  const tried = (world: Awaited<ReturnType<typeof startWorld>>, manifests: readonly Manifest[], signal?: AbortSignal) =>
    world.plan(manifests, { preview: true }).then((plan) => world.cluster.diff(plan, signal ? { signal } : {}));

  test('a webhook that cannot do without side effects leaves the fields unknown, and says so', async () => {
    const world = await startWorld();
    const message = 'admission webhook "w.example.com" does not support dry run';
    world.server.put('/api/v1/namespaces/shop/configmaps/there', { metadata: { name: 'there', namespace: 'shop' }, data: {} });
    world.server.intercept = ({ method }) =>
      method === 'PATCH' ? { status: 400, body: status(400, 'BadRequest', message) } : undefined;
    expect(await tried(world, [configMap('there'), configMap('new')])).toMatchObject([
      { action: 'change', reason: `a dry run is not possible: ${message}` },
      { action: 'create', reason: `a dry run is not possible: ${message}`, fields: [{ path: 'data.a', to: 'b' }] },
    ]);
  });

  const old = { manager: 'kubectl-client-side-apply', operation: 'Update', fieldsV1: { 'f:data': { 'f:old': {} } } };
  const ours = { manager: 'flux', operation: 'Apply', fieldsV1: metadataFields('labels', 'fluxcd.io/sync-gc-mark') };
  const again = { ...old, fieldsV1: metadataFields('annotations', 'fluxcd.io/sync-checksum') };
  test.each([
    ['from kubectl', [old]],
    ['from a Flux v1 to which somebody had gone back', [ours, again]],
  ])('what only a takeover %s makes possible is a change whose fields nobody can tell', async (_case, managedFields) => {
    const world = await startWorld();
    const message = 'Service "web" is invalid: spec.ports[1].name: Duplicate value: "a"';
    world.server.put('/api/v1/namespaces/shop/configmaps/there', {
      metadata: { name: 'there', namespace: 'shop', managedFields },
    });
    world.server.intercept = ({ method }) =>
      method === 'PATCH' ? { status: 422, body: status(422, 'Invalid', message) } : undefined;
    expect(await tried(world, [configMap('there'), configMap('new')])).toMatchObject([
      {
        action: 'change',
        reason: `a dry run is not possible: before taking over the fields of kubectl apply: ${message}`,
      },
      { action: 'failed', error: { message } },
    ]);
  });

  test('asks for a dry run and the whole answer, with the body that would be applied', async () => {
    const world = await startWorld();
    world.server.intercept = ({ method, body }) =>
      method === 'PATCH' ? { status: 201, body: JSON.parse(body) as object } : undefined;
    await tried(world, [configMap('a')]);
    await world.cluster.apply(await world.plan([configMap('a')])).catch(() => undefined);
    const [dry, real] = world.server.requests.filter(({ method }) => method === 'PATCH');
    expect(Object.fromEntries(dry?.query ?? [])).toEqual({ ...Object.fromEntries(real?.query ?? []), dryRun: 'All' });
    expect(dry).toMatchObject({ body: real?.body, path: real?.path, headers: { accept: 'application/json' } });
  });

  test('one that is gone ends the diff at once, whatever the number of objects', async () => {
    const world = await startWorld();
    const plan = await world.plan(
      Array.from({ length: 200 }, (_, n) => configMap(`c${n}`)),
      { preview: true },
    );
    world.server.intercept = () => 'cut';
    world.server.clear();
    await expect(world.cluster.diff(plan)).rejects.toMatchObject({ code: 'cluster/unreachable' });
    expect(world.server.requests.length).toBeLessThan(200);
  });

  test('what somebody else changes in the meantime is not told as a change of ours', async () => {
    const world = await startWorld();
    const at = '/api/v1/namespaces/shop/configmaps/there';
    world.server.put(at, { metadata: { name: 'there', namespace: 'shop' }, data: { a: 'old' } });
    let meanwhile: (() => void) | undefined = () => {
      world.server.put(at, { metadata: { name: 'there', namespace: 'shop' }, data: { a: 'old', theirs: '1' } });
    };
    world.server.intercept = ({ method }) => {
      if (method !== 'PATCH') return undefined;
      meanwhile?.();
      meanwhile = undefined;
      const live = world.server.get(at);
      return { status: 200, body: { ...live, data: { ...live.data, a: 'b' } } };
    };
    expect(await tried(world, [configMap('there')])).toMatchObject([
      { action: 'change', fields: [{ path: 'data.a', from: 'old', to: 'b' }] },
    ]);
    expect(world.server.calls.filter((call) => call === `GET ${at}`)).toHaveLength(2);
  });

  test('an answer that is not the object is an error of that object', async () => {
    const world = await startWorld();
    world.server.intercept = ({ method }) => (method === 'PATCH' ? { status: 200, body: {} } : undefined);
    expect(await tried(world, [configMap('a')])).toMatchObject([{ action: 'failed', error: { code: 'cluster/bad-answer' } }]);
  });

  test('stops when it is told to', async () => {
    const world = await startWorld();
    const stop = new AbortController();
    world.server.intercept = ({ method }) => {
      if (method === 'PATCH') stop.abort();
      return method === 'PATCH' ? 'hang' : undefined;
    };
    await expect(tried(world, [deployment('a')], stop.signal)).rejects.toMatchObject({ code: 'cluster/stopped' });
  });

  test('a plan of another cluster is refused', async () => {
    const world = await startWorld();
    await expect(world.cluster.diff({ entries: [] })).rejects.toMatchObject({ code: 'cluster/foreign-plan' });
  });
});

type Live = Readonly<Record<string, unknown>>;

/** What a sync changed, without what the controller of Deployments notes meanwhile. */
function happened(before: Live, after: Live) {
  return compareObjects(before, after).filter(({ path }) => !path.includes('deployment.kubernetes.io/'));
}

/** As somebody else, past the cluster that is tested. */
function asPerson<T>({ url, certificateAuthority, token }: Kubernetes, act: (kube: KubeClient) => Promise<T>): Promise<T> {
  const headers = { authorization: `Bearer ${token}` };
  const kube = createKubeClient({ server: new URL(url), tls: { ca: Buffer.from(certificateAuthority) }, headers });
  return act(kube).finally(() => kube.close());
}

async function created(kubernetes: Kubernetes, path: string, object: object): Promise<void> {
  await asPerson(kubernetes, (kube) => kube.create(path, object));
}

async function got(kubernetes: Kubernetes, path: string): Promise<Live> {
  return { ...(await asPerson(kubernetes, (kube) => kube.get(path))) };
}

async function kubeconfigOf(kubernetes: Kubernetes): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-diff-'));
  endings.push(async () => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'kubeconfig'), kubernetes.kubeconfig());
  return join(directory, 'kubeconfig');
}
