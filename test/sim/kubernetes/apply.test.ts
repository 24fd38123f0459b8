import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Body, configMap, deployment, startTarget, type Target } from './target.ts';

let target: Target;
let base: string;
let apps: string;
beforeAll(async () => {
  target = await startTarget();
  const namespace = await target.namespace();
  base = `/api/v1/namespaces/${namespace}`;
  apps = `/apis/apps/v1/namespaces/${namespace}`;
});
afterAll(() => target.stop());

const fieldsOf = (object: Body, manager: string, operation = 'Apply') =>
  object.metadata.managedFields?.find(
    (entry: Body) => entry.manager === manager && entry.operation === operation && entry.subresource === undefined,
  )?.fieldsV1;

describe('ownership', () => {
  test('an applier owns what it applied, and nothing of what the server filled in', async () => {
    const { status, body } = await target.apply(`${apps}/deployments/owned`, deployment('owned'));
    expect(status).toBe(201);
    expect(fieldsOf(body, 'flux')).toEqual({
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': { 'f:containers': { 'k:{"name":"app"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
        },
      },
    });
    expect(body.spec.template.spec.containers[0].imagePullPolicy).toBe('IfNotPresent');
  });

  test('a creator owns the defaults too', async () => {
    const { body } = await target.call('POST', `${apps}/deployments?fieldManager=maker`, { body: deployment('made') });
    expect(fieldsOf(body, 'maker', 'Update')).toMatchObject({
      'f:spec': {
        'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
        'f:progressDeadlineSeconds': {},
      },
    });
  });

  test('an apply that changes nothing writes nothing', async () => {
    const first = await target.apply(`${base}/configmaps/same`, configMap('same', { a: '1' }));
    const second = await target.apply(`${base}/configmaps/same`, configMap('same', { a: '1' }));
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.metadata).toEqual(first.body.metadata);
  });

  test('two managers may apply the same value and share it', async () => {
    await target.apply(`${base}/configmaps/shared`, configMap('shared', { a: '1' }));
    const { status, body } = await target.apply(`${base}/configmaps/shared`, configMap('shared', { a: '1' }), {
      manager: 'other',
    });
    expect(status).toBe(200);
    expect(fieldsOf(body, 'flux')).toEqual(fieldsOf(body, 'other'));
  });

  test('another value is a conflict that names the manager and the field', async () => {
    await target.apply(`${base}/configmaps/fought`, configMap('fought', { a: '1', b: '1' }));
    const { status, body } = await target.apply(`${base}/configmaps/fought`, configMap('fought', { a: '2' }), {
      manager: 'other',
    });
    expect(status).toBe(409);
    expect(body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "flux": .data.a',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "flux"', field: '.data.a' }] },
    });
  });

  test('several conflicts are listed by manager', async () => {
    await target.apply(`${base}/configmaps/many`, configMap('many', { a: '1', b: '1' }));
    const { body } = await target.apply(`${base}/configmaps/many`, configMap('many', { a: '2', b: '2' }), { manager: 'other' });
    expect(body.message).toBe('Apply failed with 2 conflicts: conflicts with "flux":\n- .data.a\n- .data.b');
  });

  test('force takes the field away from its owner', async () => {
    await target.apply(`${base}/configmaps/forced`, configMap('forced', { a: '1', b: '1' }));
    const { body } = await target.apply(`${base}/configmaps/forced`, configMap('forced', { a: '2' }), {
      manager: 'other',
      query: '&force=true',
    });
    expect(body.data).toEqual({ a: '2', b: '1' });
    expect([fieldsOf(body, 'flux'), fieldsOf(body, 'other')]).toEqual([{ 'f:data': { 'f:b': {} } }, { 'f:data': { 'f:a': {} } }]);
  });

  test('a patch by another manager takes the changed field out of the applier’s entry, and the next apply conflicts with it', async () => {
    await target.apply(`${base}/configmaps/drift`, configMap('drift', { a: '1', b: '1' }));
    const edited = await target.call('PATCH', `${base}/configmaps/drift?fieldManager=kubectl-edit`, {
      type: 'application/merge-patch+json',
      body: { data: { a: 'drifted' } },
    });
    expect(fieldsOf(edited.body, 'flux')).toEqual({ 'f:data': { 'f:b': {} } });
    expect(fieldsOf(edited.body, 'kubectl-edit', 'Update')).toEqual({ 'f:data': { 'f:a': {} } });
    const refused = await target.apply(`${base}/configmaps/drift`, configMap('drift', { a: '1', b: '1' }));
    expect(refused.status).toBe(409);
    expect(refused.body.message).toMatch(/^Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: \.data\.a$/);
    const forced = await target.apply(`${base}/configmaps/drift`, configMap('drift', { a: '1', b: '1' }), {
      query: '&force=true',
    });
    expect(forced.body.data).toEqual({ a: '1', b: '1' });
    expect(fieldsOf(forced.body, 'kubectl-edit', 'Update')).toBeUndefined();
  });

  test('an apply of the same fields with other values keeps one entry a manager', async () => {
    await target.apply(`${base}/configmaps/one`, configMap('one', { a: '1' }));
    const { body } = await target.apply(`${base}/configmaps/one`, configMap('one', { a: '2' }));
    expect(body.metadata.managedFields.map((entry: Body) => entry.manager)).toEqual(['flux']);
  });
});

describe('removal', () => {
  test('a field no longer applied goes when nobody else owns it', async () => {
    await target.apply(`${base}/configmaps/less`, configMap('less', { a: '1', b: '1' }, { labels: { x: 'y', z: 'z' } }));
    const { body } = await target.apply(`${base}/configmaps/less`, configMap('less', { a: '1' }, { labels: { x: 'y' } }));
    expect([body.data, body.metadata.labels]).toEqual([{ a: '1' }, { x: 'y' }]);
  });

  test('it stays when another manager applied it too', async () => {
    await target.apply(`${base}/configmaps/kept`, configMap('kept', { a: '1', b: '1' }));
    await target.apply(`${base}/configmaps/kept`, configMap('kept', { b: '1' }), { manager: 'other' });
    const { body } = await target.apply(`${base}/configmaps/kept`, configMap('kept', { a: '1' }));
    expect(body.data).toEqual({ a: '1', b: '1' });
  });

  test('a whole map goes with its last key', async () => {
    await target.apply(`${base}/configmaps/bare`, configMap('bare', { a: '1' }));
    const { body } = await target.apply(`${base}/configmaps/bare`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'bare' },
    });
    expect(body.data).toBeUndefined();
  });

  test('the object keeps its identity when the last applied piece of metadata goes', async () => {
    const first = await target.apply(
      `${base}/configmaps/identity`,
      configMap('identity', { a: '1' }, { annotations: { x: 'y' } }),
    );
    const { status, body } = await target.apply(`${base}/configmaps/identity`, configMap('identity', { a: '1' }));
    expect([status, body.metadata.annotations]).toEqual([200, undefined]);
    expect([body.metadata.name, body.metadata.uid]).toEqual(['identity', first.body.metadata.uid]);
  });

  test('a removed field with a default comes back as the default', async () => {
    const three = deployment('default');
    three.spec.replicas = 3;
    await target.apply(`${apps}/deployments/default`, three);
    const less = deployment('default');
    delete less.spec.replicas;
    const { body } = await target.apply(`${apps}/deployments/default`, less);
    expect(body.spec.replicas).toBe(1);
  });

  test('what others own in the same object is untouched', async () => {
    await target.apply(`${apps}/deployments/hpa`, deployment('hpa'));
    const less = deployment('hpa');
    delete less.spec.replicas;
    await target.call('PATCH', `${apps}/deployments/hpa?fieldManager=autoscaler`, {
      type: 'application/merge-patch+json',
      body: { spec: { replicas: 5 } },
    });
    const { status, body } = await target.apply(`${apps}/deployments/hpa`, less);
    expect([status, body.spec.replicas]).toEqual([200, 5]);
  });
});

describe('lists', () => {
  const app = { name: 'app', image: 'example.com/app:1' };
  const sidecar = { name: 'sidecar', image: 'example.com/sidecar:1' };
  const containersOf = (object: Body) => object.spec.template.spec.containers.map((container: Body) => container.name);

  test('items of two managers merge by their key', async () => {
    await target.apply(`${apps}/deployments/pair`, deployment('pair', [app]));
    const { body } = await target.apply(`${apps}/deployments/pair`, deployment('pair', [sidecar]), { manager: 'injector' });
    expect(containersOf(body)).toEqual(['app', 'sidecar']);
    const again = await target.apply(`${apps}/deployments/pair`, deployment('pair', [{ ...app, image: 'example.com/app:2' }]));
    expect(again.body.spec.template.spec.containers.map((container: Body) => container.image)).toEqual([
      'example.com/app:2',
      'example.com/sidecar:1',
    ]);
  });

  test('an item no longer applied is removed, with everything the server filled into it', async () => {
    await target.apply(`${apps}/deployments/drop`, deployment('drop', [app, sidecar]));
    const { body } = await target.apply(`${apps}/deployments/drop`, deployment('drop', [app]));
    expect(containersOf(body)).toEqual(['app']);
  });

  test('the applied order wins', async () => {
    await target.apply(`${apps}/deployments/order`, deployment('order', [app, sidecar]));
    const { body } = await target.apply(`${apps}/deployments/order`, deployment('order', [sidecar, app]));
    expect(containersOf(body)).toEqual(['sidecar', 'app']);
  });

  test('a key field that is left out counts as its default', async () => {
    const ports = [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }];
    const { body } = await target.apply(`${apps}/deployments/ports`, deployment('ports', [{ ...app, ports }]));
    const owned = fieldsOf(body, 'flux')['f:spec']['f:template']['f:spec']['f:containers']['k:{"name":"app"}']['f:ports'];
    expect(Object.keys(owned)).toEqual(['k:{"containerPort":80,"protocol":"TCP"}', 'k:{"containerPort":80,"protocol":"UDP"}']);
  });

  test('sets merge by value', async () => {
    const withFinalizers = (...finalizers: string[]) => configMap('set', { a: '1' }, { finalizers });
    await target.apply(`${base}/configmaps/set`, withFinalizers('example.com/a'));
    const both = await target.apply(`${base}/configmaps/set`, withFinalizers('example.com/b'), { manager: 'other' });
    expect(both.body.metadata.finalizers).toEqual(['example.com/a', 'example.com/b']);
    const less = await target.apply(`${base}/configmaps/set`, withFinalizers());
    expect(less.body.metadata.finalizers).toEqual(['example.com/b']);
    await target.apply(`${base}/configmaps/set`, withFinalizers(), { manager: 'other' });
  });

  test('an atomic list has one owner', async () => {
    const args = (...list: string[]) => deployment('atomic', [{ ...app, args: list }]);
    await target.apply(`${apps}/deployments/atomic`, args('a', 'b'));
    const { status, body } = await target.apply(`${apps}/deployments/atomic`, args('b'), { manager: 'other' });
    expect([status, body.details.causes[0].field]).toEqual([409, '.spec.template.spec.containers[name="app"].args']);
  });

  test('an atomic map is replaced whole', async () => {
    const service = (selector: Body) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'atomic' },
      spec: { selector, ports: [{ port: 80 }] },
    });
    await target.apply(`${base}/services/atomic`, service({ a: '1', b: '2' }));
    const { body } = await target.apply(`${base}/services/atomic`, service({ c: '3' }));
    expect(body.spec.selector).toEqual({ c: '3' });
  });
});

describe('the answer', () => {
  test('is the same for a body in YAML', async () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1" # text\n';
    const { status, body } = await target.call('PATCH', `${base}/configmaps/yaml?fieldManager=flux`, {
      type: 'application/apply-patch+yaml',
      body: text,
    });
    expect([status, body.data]).toEqual([201, { a: '1' }]);
  });

  test('quantities come back in canonical form', async () => {
    const resources = { requests: { cpu: '0.5', memory: '1024Ki' }, limits: { cpu: '1000m', memory: '1.5Gi' } };
    const { body } = await target.apply(
      `${apps}/deployments/quantity`,
      deployment('quantity', [{ name: 'app', image: 'a:1', resources }]),
    );
    expect(body.spec.template.spec.containers[0].resources).toEqual({
      requests: { cpu: '500m', memory: '1Mi' },
      limits: { cpu: '1', memory: '1536Mi' },
    });
  });

  test('an image without a tag is always pulled', async () => {
    const containers = ['a', 'b:latest', 'c:1', 'd:5000/e'].map((image, index) => ({ name: `c${index}`, image }));
    const { body } = await target.apply(`${apps}/deployments/pull`, deployment('pull', containers));
    expect(body.spec.template.spec.containers.map((container: Body) => container.imagePullPolicy)).toEqual([
      'Always',
      'Always',
      'IfNotPresent',
      'Always',
    ]);
  });

  test('the generation counts changes of the spec, not of metadata', async () => {
    const path = `${apps}/deployments/generation`;
    const first = await target.apply(path, deployment('generation'));
    const labelled = deployment('generation');
    labelled.metadata.labels = { a: 'b' };
    const second = await target.apply(path, labelled);
    labelled.spec.replicas = 2;
    const third = await target.apply(path, labelled);
    expect([first, second, third].map(({ body }) => body.metadata.generation)).toEqual([1, 1, 2]);
  });

  test('kinds without a generation have none', async () => {
    const { body } = await target.apply(`${base}/configmaps/plain`, configMap('plain', { a: '1' }));
    expect(body.metadata.generation).toBeUndefined();
  });

  test('a dry run answers as the apply would and stores nothing', async () => {
    const { status, body } = await target.apply(`${base}/configmaps/dry`, configMap('dry', { a: '1' }), { query: '&dryRun=All' });
    expect([status, body.data]).toEqual([201, { a: '1' }]);
    expect((await target.call('GET', `${base}/configmaps/dry`)).status).toBe(404);
    await target.apply(`${base}/configmaps/dry`, configMap('dry', { a: '1' }));
    const changed = await target.apply(`${base}/configmaps/dry`, configMap('dry', { a: '2' }), { query: '&dryRun=All' });
    expect(changed.body.data).toEqual({ a: '2' });
    expect((await target.call('GET', `${base}/configmaps/dry`)).body.data).toEqual({ a: '1' });
  });

  test('the status in a body is nobody’s', async () => {
    const object = { ...deployment('status'), status: { replicas: 7 } };
    const { body } = await target.apply(`${apps}/deployments/status`, object);
    expect(body.status).toEqual({});
    expect(JSON.stringify(fieldsOf(body, 'flux'))).not.toContain('f:status');
  });

  test('plain secret data is encoded', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'plain' }, stringData: { a: 'b' } };
    const { body } = await target.apply(`${base}/secrets/plain`, secret);
    expect([body.type, body.data, body.stringData]).toEqual(['Opaque', { a: 'Yg==' }, undefined]);
    // As the real API server keeps it: who applied it owns what it wrote, not what became of it.
    expect(fieldsOf(body, 'flux')).toEqual({ 'f:stringData': { 'f:a': {} } });
  });
});
