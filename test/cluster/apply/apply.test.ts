import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/change/index.ts';
import { CHECKSUM_ANNOTATION, gcMark, MARK_LABEL } from '../../../src/cluster/index.ts';
import type { KubeObject } from '../../../src/resource/index.ts';
import { invalid, type Seen, status } from '../api-server.ts';
import {
  configMap,
  crd,
  deployment,
  manifest,
  namespace,
  path,
  request,
  SYNC_SET,
  startWorld,
  type World,
  widget,
} from '../world.ts';

const patches = ({ server }: World) => server.requests.filter(({ method }) => method === 'PATCH');
const is = (seen: Seen, ending: string) => seen.method === 'PATCH' && seen.path.endsWith(ending);

async function run(world: World, manifests: Parameters<World['plan']>[0], signal?: AbortSignal): Promise<readonly Change[]> {
  return world.cluster.apply(await world.plan(manifests), signal ? { signal } : {});
}

describe('what the API server warns of', () => {
  test.each<[string, string, readonly string[]]>([
    ['one', '299 - "apps/v1beta1 is deprecated"', ['apps/v1beta1 is deprecated']],
    ['several, one of them twice', '299 - "a, \\"b\\"", 299 kube "c", 299 - "a, \\"b\\""', ['a, "b"', 'c']],
    ['another code', '199 - "a"', []],
    ['no warning', 'nonsense "', []],
    [
      'far too many',
      Array.from({ length: 100 }, (_, n) => `299 - "w${n}"`).join(', '),
      Array.from({ length: 10 }, (_, n) => `w${n}`),
    ],
  ])('is passed on with the object: %s', async (_name, header, expected) => {
    const world = await startWorld();
    world.server.warning = header;
    const manifests = [configMap('a')];
    const shown = await world.cluster.diff(await world.plan(manifests));
    const [change] = await run(world, manifests);
    const texts = expected.map((text) => `the API server warns: ${text}`);
    expect((change?.warnings ?? []).map(({ message }) => message)).toEqual(texts);
    expect(shown.flatMap(({ warnings = [] }) => warnings.map(({ message }) => message))).toEqual(texts);
  });
});

describe('what is sent for an object', () => {
  test('one forced server-side apply as flux, strictly validated, answered by metadata alone', async () => {
    const world = await startWorld();
    const [change] = await run(world, [configMap('a')]);
    expect(change).toMatchObject({ id: 'shop:configmap/a', outcome: 'created', place: { file: 'all.yaml' } });
    const [sent] = patches(world);
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({ fieldManager: 'flux', force: 'true', fieldValidation: 'Strict' });
    expect(sent?.headers).toMatchObject({
      'content-type': 'application/apply-patch+yaml',
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      authorization: 'Bearer let-me-in',
    });
  });

  const sentFor = async (object: KubeObject) => {
    const world = await startWorld({ defaultNamespace: 'shop' });
    const wanted = manifest(object);
    await run(world, [wanted]);
    return { body: JSON.parse(patches(world)[0]?.body ?? '{}') as KubeObject, wanted };
  };

  test('the object as written, in its namespace, with mark and checksum', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { app: 'a' } }, data: { k: 'v' } };
    const { body, wanted } = await sentFor(object);
    expect(body).toEqual({
      ...object,
      metadata: {
        name: 'a',
        namespace: 'shop',
        labels: { app: 'a', [MARK_LABEL]: gcMark(SYNC_SET, 'shop:configmap/a') },
        annotations: { [CHECKSUM_ANNOTATION]: wanted.checksum },
      },
    });
  });

  test('without what only a server sets, without status, without nulls, and without a stale mark', async () => {
    const { body } = await sentFor({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        namespace: 'shop',
        uid: 'x',
        resourceVersion: '1',
        generation: 3,
        selfLink: '/x',
        creationTimestamp: null,
        managedFields: [],
        ownerReferences: null,
        finalizers: ['example.com/keep'],
        labels: { ...JSON.parse('{ "app": null }'), [MARK_LABEL]: 'copied from elsewhere' },
      },
      status: { done: true },
      data: { k: null },
    });
    expect(body).not.toHaveProperty('status');
    expect(body.metadata).toEqual({
      name: 'a',
      namespace: 'shop',
      finalizers: ['example.com/keep'],
      labels: { [MARK_LABEL]: gcMark(SYNC_SET, 'shop:configmap/a') },
      annotations: { [CHECKSUM_ANNOTATION]: expect.any(String) },
    });
    expect(body.data).toEqual({});
  });

  test.each(['example.com', 'gateway.networking.k8s.io'])(
    'a custom resource with its nulls, which its schema may allow: %s',
    async (group) => {
      const world = await startWorld();
      const kind = { group, version: 'v1', kind: 'Gateway', plural: 'gateways', namespaced: true };
      world.server.kinds.push(kind);
      const metadata = { name: 'a', namespace: 'shop' };
      await run(world, [
        manifest({ apiVersion: `${group}/v1`, kind: 'Gateway', metadata, spec: { address: null } } as KubeObject),
      ]);
      expect(JSON.parse(patches(world)[0]?.body ?? '{}').spec).toEqual({ address: null });
    },
  );

  test('a cluster-scoped object without a namespace, whatever its file says', async () => {
    const { body } = await sentFor({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', namespace: 'shop' } });
    expect(body.metadata).not.toHaveProperty('namespace');
  });

  test('a name with capitals, colons and dots reaches its own path', async () => {
    const world = await startWorld();
    await run(world, [configMap('System:Web.v1')]);
    expect(world.server.get(path.configMap('System:Web.v1'))).toBeDefined();
  });
});

describe('outcomes', () => {
  test('created, configured and unchanged are told apart by the answer', async () => {
    const world = await startWorld();
    world.server.put(path.configMap('b'), { metadata: { name: 'b', namespace: 'shop' }, data: { a: 'old' } });
    const before = await world.sync([configMap('a'), configMap('b')]);
    expect(before).toEqual({ 'shop:configmap/a': 'created', 'shop:configmap/b': 'configured' });
    const after = await world.sync([configMap('a', { a: 'new' }), configMap('b')]);
    expect(after).toEqual({ 'shop:configmap/a': 'configured', 'shop:configmap/b': 'unchanged' });
  });

  test('a plan is carried out once', async () => {
    const world = await startWorld();
    const plan = await world.plan([configMap('a')]);
    await world.cluster.apply(plan);
    await expect(world.cluster.apply(plan)).rejects.toMatchObject({ code: 'cluster/foreign-plan' });
    await expect(world.cluster.apply({ entries: plan.entries })).rejects.toMatchObject({ code: 'cluster/foreign-plan' });
  });
});

describe('order', () => {
  test('namespaces and definitions, configuration, workloads, custom resources, webhooks', async () => {
    const world = await startWorld();
    const webhook = manifest({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'hook' },
    });
    await run(world, [webhook, widget('w'), deployment('web'), configMap('a'), crd(), namespace('new')]);
    expect(patches(world).map(({ path: at }) => at.split('/').at(-2))).toEqual([
      expect.stringMatching(/customresourcedefinitions|namespaces/),
      expect.stringMatching(/customresourcedefinitions|namespaces/),
      'configmaps',
      'deployments',
      'widgets',
      'validatingwebhookconfigurations',
    ]);
  });

  test('within a stage requests run side by side, never more than allowed', async () => {
    const world = await startWorld({ maxInFlight: 3 });
    let open = 0;
    let most = 0;
    world.server.intercept = (seen) => {
      if (seen.method !== 'PATCH') return undefined;
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
      });
      return undefined;
    };
    await run(
      world,
      Array.from({ length: 30 }, (_, n) => configMap(`m-${n}`)),
    );
    expect(most).toBeLessThanOrEqual(3);
    expect(patches(world)).toHaveLength(30);
  });
});

describe('definitions and their objects in one commit (R-014)', () => {
  test('the objects wait until the definition is established, unrelated ones do not', async () => {
    const world = await startWorld();
    world.server.establish = false;
    const at = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com';
    world.clock.onSleep = () => {
      if (world.server.get(path.configMap('a')) && world.server.get(at)) world.server.establishCrd(world.server.get(at));
    };
    const changes = await run(world, [widget('w'), crd(), configMap('a')]);
    expect(changes.map(({ outcome }) => outcome)).toEqual(['created', 'created', 'created']);
    const order = patches(world).map(({ path: each }) => each.split('/').at(-2));
    expect(order).toEqual(['customresourcedefinitions', 'configmaps', 'widgets']);
  });

  test('one that is not established within a minute fails its objects only, without a request for them', async () => {
    const world = await startWorld();
    world.server.establish = false;
    const changes = await run(world, [widget('w'), crd(), configMap('a')]);
    expect(changes.map(({ outcome }) => outcome)).toEqual(['failed', 'created', 'created']);
    expect(changes[0]?.error?.message).toMatch(/needs CustomResourceDefinition widgets\.example\.com, which failed: .*60 s/);
    expect(patches(world).some(({ path: each }) => each.includes('widgets/'))).toBe(false);
    const waited = world.clock.slept.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(60_000);
    expect(waited).toBeLessThan(65_000);
  });

  test('a 404 right after it is established is tried again', async () => {
    const world = await startWorld();
    let refused = 0;
    world.server.intercept = (seen) =>
      is(seen, '/widgets/w') && refused++ < 2 ? { status: 404, body: '404 page not found\n' } : undefined;
    expect((await run(world, [widget('w'), crd()])).map(({ outcome }) => outcome)).toEqual(['created', 'created']);
  });

  test('a definition that nobody waits for holds nothing up', async () => {
    const world = await startWorld();
    world.server.establish = false;
    expect(await run(world, [crd(), configMap('a')])).toMatchObject([{ outcome: 'created' }, { outcome: 'created' }]);
    expect(world.clock.slept).toEqual([]);
  });

  test('the kind is known to the next plan', async () => {
    const world = await startWorld();
    await run(world, [widget('w'), crd()]);
    world.server.clear();
    expect(await world.sync([widget('w'), crd()])).toEqual({
      'shop:widget/w': 'unchanged',
      '<cluster>:customresourcedefinition/widgets.example.com': 'unchanged',
    });
    expect(world.server.calls.toSorted()).toEqual([
      'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      'GET /apis/example.com/v1/widgets',
    ]);
  });

  test('a definition that is refused fails its objects, and no others', async () => {
    const world = await startWorld();
    world.server.intercept = (seen) =>
      is(seen, '/widgets.example.com') ? { status: 422, body: status(422, 'Invalid', 'spec.names is invalid') } : undefined;
    const changes = await run(world, [crd(), widget('w'), configMap('a')]);
    expect(changes.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'created']);
    expect(changes[1]?.error?.code).toBe('cluster/dependency-failed');
  });
});

describe('namespaces', () => {
  test('objects of a namespace that could not be created fail without a request, others go on', async () => {
    const world = await startWorld();
    world.server.intercept = (seen) =>
      is(seen, '/namespaces/new') ? { status: 403, body: status(403, 'Forbidden', 'no') } : undefined;
    const changes = await run(world, [namespace('new'), configMap('in', {}, 'new'), configMap('a')]);
    expect(changes.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'created']);
    expect(changes[1]?.error?.message).toBe('needs namespace new, which failed: no');
    expect(patches(world).map(({ path: at }) => at)).not.toContain(path.configMap('in', 'new'));
  });

  test('a failing change of a namespace that exists stops nothing in it', async () => {
    const world = await startWorld();
    world.server.intercept = (seen) =>
      is(seen, '/namespaces/shop') ? { status: 403, body: status(403, 'Forbidden', 'no') } : undefined;
    expect((await run(world, [namespace('shop'), configMap('a')])).map(({ outcome }) => outcome)).toEqual(['failed', 'created']);
  });

  test('objects of a namespace that is being deleted fail without a request (R-015)', async () => {
    const world = await startWorld();
    world.server.edit(path.namespace('shop'), (object) => {
      object.metadata.deletionTimestamp = '2030-01-01T00:00:00Z';
    });
    const changes = await run(world, [namespace('shop'), configMap('a')]);
    expect(changes.map(({ outcome }) => outcome)).toEqual(['held', 'failed']);
    expect(changes[1]?.error?.message).toMatch(/needs namespace shop, which failed: it is being deleted/);
    expect(patches(world)).toEqual([]);
  });

  test('a namespace that is nowhere gives the API server’s words and a way out', async () => {
    const world = await startWorld();
    const [change] = await run(world, [configMap('a', {}, 'nowhere')]);
    expect(change).toMatchObject({
      outcome: 'failed',
      error: { code: 'cluster/namespace-missing', fault: 'user', message: 'namespaces "nowhere" not found' },
    });
    expect(change?.error?.help).toContain('nowhere');
  });
});

describe('errors of one object', () => {
  const immutable =
    'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable';
  const cases = [
    ['an immutable field', 422, invalid(immutable).body, 'cluster/immutable', immutable],
    [
      'a schema error, which arrives as 500',
      500,
      status(500, '', 'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .data.x: expected string, got &value'),
      'cluster/invalid',
      '.data.x: expected string',
    ],
    [
      'a webhook that denies',
      400,
      status(400, 'BadRequest', 'admission webhook "policy.example.com" denied the request: no latest tags'),
      'cluster/denied',
      'policy.example.com',
    ],
    [
      'a field whose value fills a screen',
      422,
      status(
        422,
        'Invalid',
        `Job.batch "a" is invalid: spec.template: Invalid value: {${'"x":1,'.repeat(90)}}: field is immutable`,
        {
          causes: [{ field: 'spec.template', message: `Invalid value: {${'"x":1,'.repeat(90)}}: field is immutable` }],
        },
      ),
      'cluster/immutable',
      'Job.batch "a" is invalid: spec.template: field is immutable',
    ],
    [
      'a webhook that does not answer (R-012)',
      500,
      status(
        500,
        'InternalError',
        'Internal error occurred: failed calling webhook "policy.example.com": context deadline exceeded',
      ),
      'cluster/webhook-failed',
      'policy.example.com',
    ],
    ['a missing right', 403, status(403, 'Forbidden', 'configmaps "a" is forbidden'), 'cluster/forbidden', 'is forbidden'],
    ['an object too large', 413, status(413, 'RequestEntityTooLarge', 'limit is 3145728'), 'cluster/too-large', '3145728'],
    [
      'a namespace that terminates',
      403,
      status(403, 'Forbidden', 'because it is being terminated', { causes: [{ reason: 'NamespaceTerminating' }] }),
      'cluster/namespace-terminating',
      'being terminated',
    ],
  ] as const;

  test.for(cases)(
    '%s is told once, readably, and stops nobody else (R-012, R-013, R-016)',
    async ([, code, body, expected, words]) => {
      const world = await startWorld();
      world.server.intercept = (seen) => (is(seen, '/configmaps/a') ? { status: code, body } : undefined);
      const changes = await run(world, [configMap('b'), configMap('a'), configMap('c')]);
      expect(changes.map(({ outcome }) => outcome)).toEqual(['created', 'failed', 'created']);
      expect(changes[1]?.error?.code).toBe(expected);
      expect(changes[1]?.error?.message).toContain(words);
      expect(changes[1]?.error?.help).toBeTruthy();
      expect(patches(world)).toHaveLength(3);
    },
  );

  test('any k of n objects may fail; the rest is applied and the next sync tries exactly those again (R-013)', async () => {
    const all = Array.from({ length: 8 }, (_, n) => configMap(`m-${n}`));
    for (let failing = 0; failing < 2 ** 8; failing += 37) {
      const world = await startWorld();
      const fails = (at: string) => ((failing >> Number(/m-(\d)$/.exec(at)?.[1] ?? 31)) & 1) === 1;
      world.server.intercept = ({ method, path: at }) =>
        method === 'PATCH' && fails(at) ? { status: 422, body: status(422, 'Invalid', 'bad') } : undefined;
      const changes = await run(world, all);
      for (const { id, outcome } of changes) expect(outcome).toBe(fails(id) ? 'failed' : 'created');
      world.server.intercept = undefined;
      world.server.clear();
      for (const { id, outcome } of await run(world, all)) expect(outcome).toBe(fails(id) ? 'created' : 'unchanged');
      expect(patches(world).every(({ path: at }) => fails(at))).toBe(true);
    }
  });

  test('an error about a Secret never repeats what it holds (S-074)', async () => {
    const canaries = [
      'hunter2-is-the-password',
      Buffer.from('hunter2-is-the-password').toString('base64'),
      'c2VjcmV0LXZhbHVl',
      'secret-value',
      '4711',
    ];
    const secret = manifest({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys', namespace: 'shop', annotations: { old: 'hunter2-is-the-password' } },
      data: { a: 'c2VjcmV0LXZhbHVl' },
      stringData: { b: 'hunter2-is-the-password', pin: 4711 },
    });
    const messages = [
      'Secret "keys" is invalid: data[a]: Invalid value: "c2VjcmV0LXZhbHVl": must be base64 of secret-value',
      'failed to create typed patch object (shop/keys; /v1, Kind=Secret): .stringData.pin: expected string, got &value.valueUnstructured{Value:4711}',
      `admission webhook "x" denied the request: found ${Buffer.from('hunter2-is-the-password').toString('base64')} in it`,
      'admission webhook "x" denied the request: found hunter2-is-the-password in {"b":"hunter2-is-the-password"}',
    ];
    for (const message of messages) {
      const world = await startWorld();
      world.server.intercept = (seen) =>
        is(seen, '/secrets/keys') ? { status: 422, body: status(422, 'Invalid', message) } : undefined;
      const [change] = await run(world, [secret]);
      const { error } = change ?? {};
      expect(error?.message).toBeTruthy();
      const told = JSON.stringify([error?.message, error?.help, error?.stack, error?.cause]);
      for (const canary of canaries) expect(told).not.toContain(canary);
    }
  });
});

describe('a server that falters', () => {
  test('a cut connection is tried again, before or after the write was done: once in the cluster, told as created (R-005)', async () => {
    for (const fault of ['cut', 'cut-after'] as const) {
      const world = await startWorld();
      let cut = 0;
      world.server.intercept = (seen) => (is(seen, '/configmaps/a') && cut++ === 0 ? fault : undefined);
      expect(await run(world, [configMap('a')])).toMatchObject([{ outcome: 'created' }]);
      expect(await world.sync([configMap('a')])).toEqual({ 'shop:configmap/a': 'unchanged' });
    }
  });

  test('at 30 % of 500, 502, 503 and 504 everything converges, within a bounded number of writes (R-004)', async () => {
    const world = await startWorld();
    let seed = 7;
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    world.server.intercept = () =>
      random() < 0.3 ? { status: [500, 502, 503, 504][Math.floor(random() * 4)] ?? 500, body: 'no' } : undefined;
    const set = Array.from({ length: 40 }, (_, n) => configMap(`m-${n}`));
    const outcomes = new Map<string, string>();
    const settled = () => outcomes.size > 0 && [...outcomes.values()].every((outcome) => outcome === 'unchanged');
    for (let round = 0; round < 8 && !settled(); round += 1) {
      const plan = await world.plan(set).catch(() => undefined);
      for (const { id, outcome } of plan ? await world.cluster.apply(plan) : []) outcomes.set(id, outcome);
    }
    expect(new Set(outcomes.values())).toEqual(new Set(['unchanged']));
    const writes = Map.groupBy(patches(world), ({ path: at }) => at);
    for (const each of writes.values()) expect(each.length).toBeLessThanOrEqual(12);
  });

  test('a conflict is tried again (R-011)', async () => {
    const world = await startWorld();
    let met = 0;
    world.server.intercept = (seen) =>
      is(seen, '/a') && met++ < 2 ? { status: 409, body: status(409, 'Conflict', 'modified') } : undefined;
    expect(await run(world, [configMap('a')])).toMatchObject([{ outcome: 'created' }]);
  });

  test('after it said that it is too much, half as many requests are under way (R-003)', async () => {
    const world = await startWorld();
    const plan = await world.plan(Array.from({ length: 60 }, (_, n) => configMap(`m-${n}`)));
    let seen = 0;
    let unanswered = 0;
    world.server.intercept = ({ method }) => {
      if (method !== 'PATCH') return undefined;
      seen += 1;
      if (seen === 1) return { status: 429, body: 'slow down', headers: { 'retry-after': '1' } };
      if (seen <= 16) return undefined;
      unanswered += 1;
      return 'hang';
    };
    const stop = new AbortController();
    const applied = world.cluster.apply(plan, { signal: stop.signal });
    await expect.poll(() => unanswered).toBe(8);
    // Whoever sends more does it now.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unanswered).toBe(8);
    stop.abort(new Error('enough'));
    await applied;
  });

  test('once the server is gone, the remaining objects fail at once', async () => {
    const world = await startWorld({ maxInFlight: 2 });
    const plan = await world.plan(Array.from({ length: 50 }, (_, n) => configMap(`m-${n}`)));
    world.server.clear();
    world.server.intercept = () => 'cut';
    const changes = await world.cluster.apply(plan);
    expect(new Set(changes.map(({ outcome, error }) => `${outcome} ${error?.code}`))).toEqual(
      new Set(['failed cluster/unreachable']),
    );
    expect(patches(world).length).toBeLessThanOrEqual(3 * 4);
    expect(changes.at(-1)?.error?.message).toMatch(/^not tried: /);
  });

  test('an answer that holds no object is a failure, not a success', async () => {
    for (const body of [{}, { metadata: {} }, undefined]) {
      const world = await startWorld();
      world.server.intercept = (seen) => (is(seen, '/a') ? { status: 200, body } : undefined);
      expect(await run(world, [configMap('a')])).toMatchObject([{ outcome: 'failed', error: { code: 'cluster/bad-answer' } }]);
    }
  });

  test('when stopped, what was not done is told as failed, one change an entry', async () => {
    const world = await startWorld({ maxInFlight: 1 });
    const stop = new AbortController();
    const set = Array.from({ length: 10 }, (_, n) => configMap(`m-${n}`));
    const plan = await world.plan(set);
    world.server.intercept = (seen) => {
      if (is(seen, '/m-4')) stop.abort(new Error('deadline'));
      return undefined;
    };
    const changes = await world.cluster.apply(plan, { signal: stop.signal });
    expect(changes).toHaveLength(10);
    const failed = changes.filter(({ outcome }) => outcome === 'failed');
    expect(failed.length).toBeGreaterThanOrEqual(5);
    expect(new Set(failed.map(({ error }) => error?.code))).toEqual(new Set(['cluster/stopped']));
    await expect(world.cluster.plan(request(set), { signal: stop.signal })).rejects.toMatchObject({ code: 'cluster/stopped' });
  });
});
