import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Body, configMap, deployment, eventually, startTarget, type Target } from './target.ts';

let target: Target;
let namespace: string;
let base: string;
let apps: string;
beforeAll(async () => {
  target = await startTarget();
  namespace = await target.namespace();
  base = `/api/v1/namespaces/${namespace}`;
  apps = `/apis/apps/v1/namespaces/${namespace}`;
});
afterAll(() => target.stop());

const MERGE = 'application/merge-patch+json';
const gone = (path: string) =>
  eventually(
    () => target.call('GET', path),
    ({ status }) => status === 404,
  );

describe('changes', () => {
  test('a replace takes away what it leaves out, and keeps what the server owns', async () => {
    const made = await target.call('POST', `${base}/configmaps`, { body: configMap('put', { a: '1' }, { labels: { x: 'y' } }) });
    const { status, body } = await target.call('PUT', `${base}/configmaps/put`, { body: configMap('put', { b: '2' }) });
    expect([status, body.data, body.metadata.labels]).toEqual([200, { b: '2' }, undefined]);
    expect([body.metadata.uid, body.metadata.creationTimestamp]).toEqual([
      made.body.metadata.uid,
      made.body.metadata.creationTimestamp,
    ]);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(made.body.metadata.resourceVersion));
  });

  test('a replace by the same object writes nothing', async () => {
    const { body } = await target.call('POST', `${base}/configmaps`, { body: configMap('noop', { a: '1' }) });
    const again = await target.call('PUT', `${base}/configmaps/noop`, { body });
    expect(again.body).toEqual(body);
  });

  test('a merge patch removes with null', async () => {
    await target.call('POST', `${base}/configmaps`, { body: configMap('merge', { a: '1', b: '1' }) });
    const { body } = await target.call('PATCH', `${base}/configmaps/merge`, { type: MERGE, body: { data: { a: null, c: '3' } } });
    expect(body.data).toEqual({ b: '1', c: '3' });
  });

  test('a JSON patch adds, replaces and removes', async () => {
    await target.call('POST', `${base}/configmaps`, { body: configMap('json', { a: '1', b: '1' }) });
    const { body } = await target.call('PATCH', `${base}/configmaps/json`, {
      type: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'replace', path: '/data/a', value: '2' },
        { op: 'remove', path: '/data/b' },
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: '/metadata/annotations/example.com~1note', value: 'x' },
        { op: 'copy', from: '/data/a', path: '/data/c' },
      ],
    });
    expect([body.data, body.metadata.annotations]).toEqual([{ a: '2', c: '2' }, { 'example.com/note': 'x' }]);
  });

  test('a strategic merge patch merges containers by name and deletes with a directive', async () => {
    const containers = [
      { name: 'app', image: 'a:1', env: [{ name: 'A', value: '1' }] },
      { name: 'old', image: 'o:1' },
    ];
    await target.call('POST', `${apps}/deployments`, { body: deployment('strategic', containers) });
    const { body } = await target.call('PATCH', `${apps}/deployments/strategic`, {
      type: 'application/strategic-merge-patch+json',
      body: {
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'app', env: [{ name: 'B', value: '2' }] },
                { name: 'old', $patch: 'delete' },
                { name: 'new', image: 'n:1' },
              ],
            },
          },
        },
      },
    });
    const after = body.spec.template.spec.containers;
    expect(after.map((container: Body) => container.name).sort()).toEqual(['app', 'new']);
    const app = after.find((container: Body) => container.name === 'app');
    expect([app.image, app.env.map((variable: Body) => variable.name).sort()]).toEqual(['a:1', ['A', 'B']]);
  });

  test('the status changes only through /status, and nothing else does there', async () => {
    const claim = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'status' },
      spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
    };
    const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
    await target.call('POST', path, { body: claim });
    const body = { spec: { minAvailable: 7 }, status: { disruptionsAllowed: 3 } };
    const main = await target.call('PATCH', `${path}/status`, { type: MERGE, body });
    expect([main.body.spec.minAvailable, main.body.status.disruptionsAllowed]).toEqual([7, 0]);
    const status = await target.call('PATCH', `${path}/status/status`, {
      type: MERGE,
      body: { spec: { minAvailable: 9 }, status: { disruptionsAllowed: 4 } },
    });
    expect([status.body.spec.minAvailable, status.body.status.disruptionsAllowed]).toEqual([7, 4]);
    expect(status.body.metadata.generation).toBe(2);
  });

  test('a Service keeps its address', async () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'kept' }, spec: { ports: [{ port: 80 }] } };
    const made = await target.call('POST', `${base}/services`, { body: service });
    expect(made.body.spec.clusterIP).toMatch(/^10\.\d+\.\d+\.\d+$/);
    expect(made.body.spec.ports).toEqual([{ port: 80, protocol: 'TCP', targetPort: 80 }]);
    const put = await target.call('PUT', `${base}/services/kept`, { body: service });
    expect(put.body.spec.clusterIP).toBe(made.body.spec.clusterIP);
    const moved = await target.call('PATCH', `${base}/services/kept`, {
      type: MERGE,
      body: { spec: { clusterIP: '10.96.0.200' } },
    });
    expect([moved.status, moved.body.message]).toEqual([422, expect.stringContaining('may not change once set')]);
  });

  test('an immutable ConfigMap stays as it is', async () => {
    await target.call('POST', `${base}/configmaps`, { body: { ...configMap('fixed', { a: '1' }), immutable: true } });
    const { status, body } = await target.call('PATCH', `${base}/configmaps/fixed`, { type: MERGE, body: { data: { a: '2' } } });
    expect([status, body.message]).toEqual([422, expect.stringContaining('field is immutable when `immutable` is set')]);
  });

  test('a role reference cannot change', async () => {
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;
    const binding = (name: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'a:b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
    });
    const made = await target.call('POST', path, { body: binding('view') });
    expect(made.status).toBe(201);
    const { status, body } = await target.apply(`${path}/a:b`, binding('edit'), { query: '&force=true' });
    expect([status, body.message]).toEqual([422, expect.stringContaining('cannot change roleRef')]);
  });
});

describe('deletes', () => {
  test('a delete answers a status with the uid', async () => {
    const made = await target.call('POST', `${base}/configmaps`, { body: configMap('bye', {}) });
    const { uid, resourceVersion } = made.body.metadata;
    const { status, body } = await target.call('DELETE', `${base}/configmaps/bye`, {
      body: { preconditions: { uid, resourceVersion } },
    });
    expect([status, body.status, body.details]).toEqual([200, 'Success', { name: 'bye', kind: 'configmaps', uid }]);
  });

  test('a dry run deletes nothing', async () => {
    await target.call('POST', `${base}/configmaps`, { body: configMap('stay', {}) });
    await target.call('DELETE', `${base}/configmaps/stay?dryRun=All`);
    expect((await target.call('GET', `${base}/configmaps/stay`)).status).toBe(200);
  });

  test('a finalizer holds the object until it is taken off', async () => {
    const held = configMap('held', { a: '1' }, { finalizers: ['example.com/hold'] });
    await target.call('POST', `${base}/configmaps`, { body: held });
    const { status, body } = await target.call('DELETE', `${base}/configmaps/held`);
    expect([status, body.kind, body.metadata.deletionTimestamp]).toEqual([200, 'ConfigMap', expect.any(String)]);
    const added = await target.call('PATCH', `${base}/configmaps/held`, {
      type: MERGE,
      body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
    });
    expect([added.status, added.body.message]).toEqual([
      422,
      expect.stringContaining('no new finalizers can be added if the object is being deleted'),
    ]);
    await target.call('PATCH', `${base}/configmaps/held`, { type: MERGE, body: { metadata: { finalizers: null } } });
    await gone(`${base}/configmaps/held`);
  });

  test('a collection goes by selector', async () => {
    for (const name of ['x1', 'x2'])
      await target.apply(`${base}/configmaps/${name}`, configMap(name, {}, { labels: { set: 'x' } }));
    await target.apply(`${base}/configmaps/x3`, configMap('x3', {}, { labels: { set: 'y' } }));
    const { status } = await target.call('DELETE', `${base}/configmaps?labelSelector=set%3Dx`);
    expect(status).toBe(200);
    const left = await target.call('GET', `${base}/configmaps?labelSelector=set`);
    expect(left.body.items.map((item: Body) => item.metadata.name)).toEqual(['x3']);
  });

  const owned = (name: string, owner: Body) =>
    configMap(
      name,
      {},
      { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid }] },
    );

  test('what an object owns goes after it', async () => {
    const { body: owner } = await target.call('POST', `${base}/configmaps`, { body: configMap('owner', {}) });
    await target.call('POST', `${base}/configmaps`, { body: owned('child', owner) });
    await target.call('DELETE', `${base}/configmaps/owner?propagationPolicy=Background`);
    await gone(`${base}/configmaps/child`);
  });

  test('in the foreground it goes before it', async () => {
    const { body: owner } = await target.call('POST', `${base}/configmaps`, { body: configMap('front', {}) });
    await target.call('POST', `${base}/configmaps`, { body: owned('back', owner) });
    const { body } = await target.call('DELETE', `${base}/configmaps/front`, { body: { propagationPolicy: 'Foreground' } });
    expect(body.metadata.finalizers).toEqual(['foregroundDeletion']);
    await gone(`${base}/configmaps/front`);
    expect((await target.call('GET', `${base}/configmaps/back`)).status).toBe(404);
  });

  test('orphans stay, without their owner', async () => {
    const { body: owner } = await target.call('POST', `${base}/configmaps`, { body: configMap('parent', {}) });
    await target.call('POST', `${base}/configmaps`, { body: owned('orphan', owner) });
    await target.call('DELETE', `${base}/configmaps/parent?propagationPolicy=Orphan`);
    await gone(`${base}/configmaps/parent`);
    const { body } = await target.call('GET', `${base}/configmaps/orphan`);
    expect(body.metadata.ownerReferences).toBeUndefined();
  });
});

describe('namespaces', () => {
  test('begin active, with a service account and a label of their name', async () => {
    const { body } = await target.call('GET', `/api/v1/namespaces/${namespace}`);
    expect(body).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': namespace } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    await eventually(
      () => target.call('GET', `${base}/serviceaccounts/default`),
      ({ status }) => status === 200,
    );
  });

  test('terminate: nothing new comes in, a finalizer holds the whole, then all is gone', async () => {
    const name = await target.namespace();
    const maps = `/api/v1/namespaces/${name}/configmaps`;
    await target.apply(`${maps}/held`, configMap('held', {}, { finalizers: ['example.com/hold'] }));
    await target.apply(`${maps}/free`, configMap('free', {}));
    const { status, body } = await target.call('DELETE', `/api/v1/namespaces/${name}`);
    expect([status, body.kind, body.status.phase]).toEqual([200, 'Namespace', 'Terminating']);
    const refused = await target.apply(`${maps}/late`, configMap('late', {}));
    expect([refused.status, refused.body.reason, refused.body.message]).toEqual([
      403,
      'Forbidden',
      `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
    ]);
    expect(refused.body.details.causes[0]).toEqual({
      reason: 'NamespaceTerminating',
      message: `namespace ${name} is being terminated`,
      field: 'metadata.namespace',
    });
    await gone(`${maps}/free`);
    expect((await target.call('GET', `/api/v1/namespaces/${name}`)).status).toBe(200);
    const changed = await target.apply(`${maps}/held`, configMap('held', { a: 'still' }, { finalizers: ['example.com/hold'] }));
    expect(changed.status).toBe(200);
    await target.call('PATCH', `${maps}/held`, { type: MERGE, body: { metadata: { finalizers: null } } });
    await gone(`/api/v1/namespaces/${name}`);
  });
});

describe('custom resources', () => {
  const group = `g${randomBytes(4).toString('hex')}.example.com`;
  const crd = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`;
  const widgets = () => `/apis/${group}/v1/namespaces/${namespace}/widgets`;
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  required: ['size'],
                  properties: {
                    size: { type: 'integer', minimum: 1 },
                    color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
                    parts: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['id'],
                      items: {
                        type: 'object',
                        required: ['id'],
                        properties: { id: { type: 'string' }, count: { type: 'integer' } },
                      },
                    },
                    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                    limit: { 'x-kubernetes-int-or-string': true },
                  },
                },
                status: { type: 'object', properties: { ready: { type: 'boolean' } } },
              },
            },
          },
        },
      ],
    },
  };
  const widget = (name: string, spec: Body, rest: Body = {}) => ({
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name },
    spec,
    ...rest,
  });

  beforeAll(async () => {
    expect((await target.call('GET', widgets())).status).toBe(404);
    const made = await target.apply(crd, definition);
    expect(made.status).toBe(201);
    await eventually(
      () => target.call('GET', crd),
      ({ body }) =>
        body.status?.conditions?.some((condition: Body) => condition.type === 'Established' && condition.status === 'True') ??
        false,
    );
    await eventually(
      () => target.call('GET', widgets()),
      ({ status }) => status === 200,
    );
  });
  afterAll(() => target.call('DELETE', crd));

  test('the definition names what it left out, and what it stored', async () => {
    const { body } = await target.call('GET', crd);
    expect(body.spec.names).toEqual({ kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' });
    expect(body.status.storedVersions).toEqual(['v1']);
    expect(body.status.acceptedNames.plural).toBe('widgets');
  });

  test('the kind is in the discovery documents', async () => {
    const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    await eventually(
      () => target.call('GET', '/apis', { accept: AGGREGATED }),
      ({ body }) => body.items.some((item: Body) => item.metadata.name === group),
    );
    const { body } = await target.call('GET', `/apis/${group}/v1`);
    expect(body.resources.map((resource: Body) => resource.name)).toEqual(['widgets', 'widgets/status']);
  });

  test('defaults are filled, unknown fields pruned or kept as the schema says', async () => {
    const spec = { size: 2, bogus: 1, free: { any: { thing: [1] } }, limit: '5%' };
    const { status, body } = await target.call('POST', widgets(), { body: widget('filled', spec) });
    expect([status, body.spec]).toEqual([201, { size: 2, color: 'red', free: { any: { thing: [1] } }, limit: '5%' }]);
    expect(body.metadata.generation).toBe(1);
  });

  test.each([
    [{ size: 0 }, /spec\.size: Invalid value: 0: spec\.size in body should be greater than or equal to 1/],
    [{}, /spec\.size: Required value/],
    [{ size: 'x' }, /spec\.size: Invalid value: "string": spec\.size in body must be of type integer: "string"/],
    [{ size: 1, color: 'pink' }, /spec\.color: Unsupported value: "pink": supported values: "red", "blue"/],
  ])('%j breaks the schema', async (spec, message) => {
    const { status, body } = await target.call('POST', widgets(), { body: widget('bad', spec) });
    expect([status, body.reason, body.message]).toEqual([422, 'Invalid', expect.stringMatching(message)]);
  });

  test('an apply refuses a field that the schema does not name', async () => {
    const { status, body } = await target.apply(`${widgets()}/typed`, widget('typed', { size: 1, bogus: 1 }));
    expect([status, body.message]).toEqual([500, expect.stringContaining('.spec.bogus: field not declared in schema')]);
  });

  test('applies merge lists by the key the schema names, and own what they set', async () => {
    await target.apply(`${widgets()}/merged`, widget('merged', { size: 1, parts: [{ id: 'a', count: 1 }] }));
    const { body } = await target.apply(`${widgets()}/merged`, widget('merged', { parts: [{ id: 'b' }] }), { manager: 'other' });
    expect(body.spec.parts).toEqual([{ id: 'a', count: 1 }, { id: 'b' }]);
    const own = body.metadata.managedFields.find((entry: Body) => entry.manager === 'flux');
    expect(own.fieldsV1).toEqual({
      'f:spec': { 'f:parts': { 'k:{"id":"a"}': { '.': {}, 'f:count': {}, 'f:id': {} } }, 'f:size': {} },
    });
  });

  test('the status has a door of its own, and only the spec counts generations', async () => {
    const made = await target.call('POST', widgets(), { body: widget('state', { size: 1 }, { status: { ready: true } }) });
    expect(made.body.status).toBeUndefined();
    const { body } = await target.call('PATCH', `${widgets()}/state/status`, {
      type: MERGE,
      body: { spec: { size: 9 }, status: { ready: true } },
    });
    expect([body.spec.size, body.status, body.metadata.generation]).toEqual([1, { ready: true }, 1]);
    const grown = await target.call('PATCH', `${widgets()}/state`, { type: MERGE, body: { spec: { size: 2 } } });
    expect(grown.body.metadata.generation).toBe(2);
  });

  test('a strategic merge patch is not for them', async () => {
    const { status } = await target.call('PATCH', `${widgets()}/merged`, {
      type: 'application/strategic-merge-patch+json',
      body: {},
    });
    expect(status).toBe(415);
  });

  test('they go with their definition', async () => {
    const other = {
      ...definition,
      metadata: { name: `gadgets.${group}` },
      spec: { ...definition.spec, names: { plural: 'gadgets', kind: 'Gadget' } },
    };
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.${group}`;
    const gadgets = `/apis/${group}/v1/namespaces/${namespace}/gadgets`;
    await target.apply(path, other);
    await eventually(
      () => target.call('GET', gadgets),
      ({ status }) => status === 200,
    );
    await eventually(
      () => target.call('POST', gadgets, { body: { ...widget('g', { size: 1 }), kind: 'Gadget' } }),
      ({ status }) => status === 201,
    );
    const { body } = await target.call('DELETE', path);
    expect(body.metadata.deletionTimestamp).toBeDefined();
    await gone(path);
    await gone(gadgets);
  });
});
