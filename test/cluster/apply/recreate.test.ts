import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/resource/index.ts';
import { invalid, type Seen, status } from '../api-server.ts';
import { configMap, manifest, path, startWorld, type World } from '../world.ts';

const REFUSED = 'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"a":"c"}: field is immutable';
const web = '/apis/apps/v1/namespaces/shop/deployments/web';

/** A world in which an object stands and the API server refuses to change it, until it was deleted. */
async function refusing(object: KubeObject, at: string, refusal = REFUSED): Promise<World> {
  const world = await startWorld();
  const { name, namespace } = object.metadata;
  world.server.put(at, { ...object, metadata: { name, ...(namespace ? { namespace } : {}) } });
  world.server.intercept = ({ method, path: asked }: Seen) =>
    method === 'PATCH' && asked === at && world.server.get(at) ? invalid(refusal) : undefined;
  return world;
}

function forced(kind: string, apiVersion: string, name: string, more: Partial<KubeObject> = {}): KubeObject {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: 'shop', annotations: { 'fluxcd.io/force': 'true' } },
    spec: { selector: { matchLabels: { a: 'c' } } },
    ...more,
  };
}

async function apply(world: World, ...objects: KubeObject[]) {
  return world.cluster.apply(await world.plan(objects.map((object) => manifest(object))));
}

const writes = ({ server }: World) => server.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method);

describe('a change of an immutable field (R-016)', () => {
  test('is reported with the field and what to do; nothing is deleted', async () => {
    const object = forced('Deployment', 'apps/v1', 'web', { metadata: { name: 'web', namespace: 'shop' } });
    const world = await refusing(object, web);
    const [change] = await apply(world, object);
    expect(change).toMatchObject({ outcome: 'failed', error: { code: 'cluster/immutable', fault: 'user', message: REFUSED } });
    expect(change?.error?.help).toContain('fluxcd.io/force: "true"');
    expect(writes(world)).toEqual(['PATCH']);
  });

  test('recreates the object that is annotated for it, with uid and resourceVersion as preconditions, and no other', async () => {
    const object = forced('Deployment', 'apps/v1', 'web');
    const world = await refusing(object, web);
    const { uid, resourceVersion } = world.server.get(web).metadata;
    world.server.put(path.configMap('a'), { metadata: { name: 'a', namespace: 'shop' }, data: { a: 'b' } });
    const changes = await world.cluster.apply(await world.plan([manifest(object), configMap('a')]));
    expect(changes).toMatchObject([{ outcome: 'configured', reason: `recreated: ${REFUSED}` }, { outcome: 'configured' }]);
    const deletions = world.server.requests.filter(({ method }) => method === 'DELETE');
    expect(deletions.map((seen) => seen.path)).toEqual([web]);
    expect(JSON.parse(deletions[0]?.body ?? '').preconditions).toEqual({ uid, resourceVersion });
    expect(world.server.get(web).metadata.uid).not.toBe(uid);
    expect(await world.sync([manifest(object)])).toEqual({ 'shop:deployment/web': 'unchanged' });
  });

  test.each([
    ['PersistentVolumeClaim', 'v1', '/api/v1/namespaces/shop/persistentvolumeclaims/x'],
    ['Namespace', 'v1', '/api/v1/namespaces/x'],
    ['CustomResourceDefinition', 'apiextensions.k8s.io/v1', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x'],
    ['PersistentVolume', 'v1', '/api/v1/persistentvolumes/x'],
  ])('never deletes a %s', async (kind, apiVersion, at) => {
    const object = forced(kind, apiVersion, 'x');
    const world = await refusing(object, at);
    world.server.kinds.push({
      group: '',
      version: 'v1',
      kind: 'PersistentVolume',
      plural: 'persistentvolumes',
      namespaced: false,
    });
    const [change] = await apply(world, object);
    expect(change).toMatchObject({ outcome: 'failed', error: { code: 'cluster/immutable' } });
    expect(change?.error?.help).toContain(`never deletes a ${kind}`);
    expect(writes(world)).toEqual(['PATCH']);
  });

  test.each(['true', 'sync_only'])(
    'never deletes what is annotated with fluxcd.io/ignore: %s in the cluster meanwhile',
    async (value) => {
      const object = forced('Deployment', 'apps/v1', 'web');
      const world = await refusing(object, web);
      const plan = await world.plan([manifest(object)]);
      world.server.edit(web, ({ metadata }) => {
        metadata.annotations = { 'fluxcd.io/ignore': value };
      });
      const [change] = await world.cluster.apply(plan);
      expect(change).toMatchObject({ outcome: 'failed', error: { code: 'cluster/immutable' } });
      expect(change?.error?.message).toContain('fluxcd.io/ignore');
      expect(writes(world)).toEqual(['PATCH']);
    },
  );

  test('one that finalizers hold is reported with their names after a minute, others go on, and a later sync creates it', async () => {
    const object = forced('Deployment', 'apps/v1', 'web');
    const world = await refusing(object, web);
    const refuse = world.server.intercept;
    world.server.intercept = (seen) => {
      if (seen.method !== 'DELETE') return refuse?.(seen);
      world.server.edit(web, ({ metadata }) => {
        Object.assign(metadata, { deletionTimestamp: '2030-01-01T00:00:00Z', finalizers: ['example.com/wait'] });
      });
      return { status: 200, body: status(200, '', '') };
    };
    const changes = await world.cluster.apply(await world.plan([manifest(object), configMap('a')]));
    expect(changes).toMatchObject([{ outcome: 'failed', error: { code: 'cluster/not-gone' } }, { outcome: 'created' }]);
    expect(changes[0]?.error?.message).toMatch(/still exists 60 s .* example\.com\/wait/);
    expect(world.clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(65_000);
    world.server.intercept = refuse;
    expect(await world.sync([manifest(object)])).toEqual({ 'shop:deployment/web': 'held' });
    world.server.remove(web);
    expect(await world.sync([manifest(object)])).toEqual({ 'shop:deployment/web': 'created' });
  });

  test('while one waits for its finalizers, the stages after it are applied', async () => {
    const object = forced('ConfigMap', 'v1', 'stuck');
    const world = await refusing(
      object,
      path.configMap('stuck'),
      'ConfigMap "stuck" is invalid: data: Forbidden: field is immutable',
    );
    const refuse = world.server.intercept;
    world.server.intercept = (seen) => (seen.method === 'DELETE' ? { status: 200, body: status(200, '', '') } : refuse?.(seen));
    let appliedWhileWaiting = false;
    world.clock.onSleep = () => {
      if (!world.server.get(web)) return;
      appliedWhileWaiting = true;
      world.server.remove(path.configMap('stuck'));
    };
    const changes = await apply(world, object, forced('Deployment', 'apps/v1', 'web'));
    expect(changes.map(({ outcome }) => outcome)).toEqual(['configured', 'created']);
    expect(appliedWhileWaiting).toBe(true);
  });

  test('one that changes while it is looked at is looked at again, a few times', async () => {
    const object = forced('Deployment', 'apps/v1', 'web');
    const world = await refusing(object, web);
    const refuse = world.server.intercept;
    world.server.intercept = (seen) => {
      if (seen.method === 'DELETE') world.server.edit(web, () => undefined);
      return refuse?.(seen);
    };
    const [change] = await apply(world, object);
    expect(change).toMatchObject({ outcome: 'failed', error: { code: 'cluster/conflict' } });
    expect(writes(world)).toEqual(['PATCH', 'PATCH', 'DELETE', 'DELETE', 'DELETE']);
  });

  test('one that is refused again after it was created anew is not deleted again', async () => {
    const object = forced('Deployment', 'apps/v1', 'web');
    const world = await refusing(object, web);
    world.server.intercept = ({ method, path }: Seen) => (method === 'PATCH' && path === web ? invalid(REFUSED) : undefined);
    expect(await apply(world, object)).toMatchObject([{ outcome: 'failed', error: { code: 'cluster/immutable' } }]);
    expect(writes(world)).toEqual(['PATCH', 'PATCH', 'DELETE', 'PATCH']);
  });

  test.each([
    [
      'of the form',
      500,
      status(
        500,
        '',
        'failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.immutable: expected boolean, got &value.valueUnstructured{Value:"true"}',
      ),
    ],
    [
      'of an immutable field and of another',
      422,
      invalid(
        'Deployment.apps "web" is invalid: [spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`, spec.selector: Invalid value: {"a":"c"}: field is immutable]',
      ).body,
    ],
    [
      'of a value with such words',
      422,
      invalid('Deployment.apps "web" is invalid: spec.immutable: Invalid value: "cannot be changed": must be short').body,
    ],
    [
      'of a structure with such words',
      422,
      invalid('Deployment.apps "web" is invalid: spec.x: Invalid value: core.X{Name:"immutable", cannot change}: must be short')
        .body,
    ],
    ['without causes', 422, status(422, 'Invalid', REFUSED)],
    [
      'of a request that nobody can read',
      400,
      status(400, 'BadRequest', 'strict decoding error: unknown field "spec.immutable"'),
    ],
  ])('a refusal %s is none that recreation cures: nothing is deleted', async (_, code, body) => {
    const object = forced('Deployment', 'apps/v1', 'web');
    const world = await refusing(object, web);
    world.server.intercept = ({ method, path }) => (method === 'PATCH' && path === web ? { status: code, body } : undefined);
    const [change] = await apply(world, object);
    expect(change).toMatchObject({ outcome: 'failed', error: { code: 'cluster/invalid', fault: 'user' } });
    expect(writes(world)).toEqual(['PATCH']);
  });

  test.each([
    ['a webhook', 403, status(403, 'Forbidden', 'admission webhook "w.io" denied the request: no'), 'cluster/denied'],
    ['a quota', 403, status(403, 'Forbidden', 'pods "x" is forbidden: exceeded quota: q'), 'cluster/forbidden'],
    ['its form', 422, invalid('Deployment.apps "x" is invalid: spec.b: Required value').body, 'cluster/invalid'],
    ['a broken webhook', 500, status(500, 'InternalError', 'failed calling webhook "w.io": timeout'), 'cluster/webhook-failed'],
  ])('what the API server would not create, because of %s, is not deleted', async (_, code, body, expected) => {
    const object = forced('Deployment', 'apps/v1', 'web');
    const world = await refusing(object, web);
    const refuse = world.server.intercept;
    world.server.intercept = (seen) => (seen.query.get('dryRun') === 'All' ? { status: code, body } : refuse?.(seen));
    const { uid } = world.server.get(web).metadata;
    const [change] = await apply(world, object);
    expect(change).toMatchObject({ outcome: 'failed', error: { code: expected } });
    expect(change?.error?.message).toMatch(
      /^apps\/v1 Deployment web: not deleted to be recreated, because a dry run of its creation \(as web-[0-9a-f]{8}\) was rejected: ./,
    );
    expect(writes(world)).toEqual(['PATCH', 'PATCH']);
    expect(world.server.get(web).metadata.uid).toBe(uid);
  });

  test('the dry run of a Service leaves out the addresses and ports that only one Service can have', async () => {
    const at = '/api/v1/namespaces/shop/services/web';
    const spec = { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], healthCheckNodePort: 30001, selector: { a: 'b' } };
    const ports = [{ port: 80, nodePort: 30000 }, { port: 81 }];
    const object = forced('Service', 'v1', 'web', { spec: { ...spec, ports } });
    const world = await refusing(
      object,
      at,
      'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set',
    );
    expect(await apply(world, object)).toMatchObject([{ outcome: 'configured' }]);
    const bodies = world.server.requests.flatMap(({ method, body }) => (method === 'PATCH' ? [JSON.parse(body)] : []));
    expect(bodies.map((body) => body.spec)).toEqual([
      { ...spec, ports },
      { selector: { a: 'b' }, ports: [{ port: 80 }, { port: 81 }] },
      { ...spec, ports },
    ]);
  });

  test('the dry run of a headless Service keeps it headless', async () => {
    const at = '/api/v1/namespaces/shop/services/web';
    const object = forced('Service', 'v1', 'web', { spec: { clusterIP: 'None' } });
    const world = await refusing(
      object,
      at,
      'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: "None": may not change once set',
    );
    expect(await apply(world, object)).toMatchObject([{ outcome: 'configured' }]);
    const dry = world.server.requests.find(({ query }) => query.get('dryRun') === 'All');
    expect(JSON.parse(dry?.body ?? '').spec).toEqual({ clusterIP: 'None' });
  });

  test.each([10, 43, 44, 52, 63, 253])(
    'the name of a dry run is another one, and no longer than a name of %s letters may be',
    async (length) => {
      const name = `${'a.b-'.repeat(64).slice(0, length - 1)}x`;
      const at = `/apis/batch/v1/namespaces/shop/cronjobs/${name}`;
      const object = forced('CronJob', 'batch/v1', name);
      const world = await refusing(object, at, `CronJob.batch "${name}" is invalid: spec.x: Forbidden: field is immutable`);
      expect(await apply(world, object)).toMatchObject([{ outcome: 'configured' }]);
      const tried =
        world.server.requests
          .find(({ query }) => query.get('dryRun') === 'All')
          ?.path.split('/')
          .at(-1) ?? '';
      expect(tried).not.toBe(name);
      expect(tried).toMatch(/^[a-z0-9]+([-.][a-z0-9]+)*$/);
      expect(tried.length).toBeLessThanOrEqual(Math.max(52, length));
    },
  );

  test('the fields are named where the API server only says spec', async () => {
    const says =
      "StatefulSet.apps \"db\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden";
    const at = '/apis/apps/v1/namespaces/shop/statefulsets/db';
    const object: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db', namespace: 'shop' },
      spec: { replicas: 3, serviceName: 'new', podManagementPolicy: 'Parallel', template: { x: 1 } },
    };
    const world = await refusing({ ...object, spec: { serviceName: 'old', podManagementPolicy: 'Parallel', more: 1 } }, at, says);
    const [change] = await apply(world, object);
    expect(change?.error?.message).toBe(`${says} (changed here: spec.serviceName)`);
  });
});

test.each([
  'Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.78"]: may not change once set',
  'RoleBinding.rbac.authorization.k8s.io "a" is invalid: roleRef: Invalid value: {"Name":"edit"}: cannot change roleRef',
  'StorageClass.storage.k8s.io "a" is invalid: [parameters: Forbidden: updates to parameters are forbidden., provisioner: Forbidden: updates to provisioner are forbidden.]',
  'PriorityClass.scheduling.k8s.io "a" is invalid: value: Forbidden: may not be changed in an update.',
  'ConfigMap "a" is invalid: data: Forbidden: field is immutable when `immutable` is set',
  'Pod "a" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
  'PersistentVolume "a" is invalid: spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
  'Im.ex.com "a" is invalid: spec.a: Invalid value: "integer": a cannot be changed',
])('%s: known as an immutable field', async (message) => {
  const world = await startWorld();
  world.server.intercept = ({ method }) => (method === 'PATCH' ? invalid(message) : undefined);
  const [change] = await world.cluster.apply(await world.plan([configMap('a')]));
  expect(change?.error).toMatchObject({ code: 'cluster/immutable', message });
});

test('differences of Go structs are left out of what is told', async () => {
  const says = 'Forbidden: spec is immutable after creation\n@@ -6,7 +6,7 @@\n "Resources": {\n- "storage": "2Gi"\n';
  const world = await startWorld();
  const body = status(422, 'Invalid', `PersistentVolumeClaim "a" is invalid: spec.x: ${says}`, {
    causes: [{ field: 'spec.x', message: says }],
  });
  world.server.intercept = ({ method }) => (method === 'PATCH' ? { status: 422, body } : undefined);
  const [change] = await world.cluster.apply(await world.plan([configMap('a')]));
  expect(change?.error?.message).toBe(
    'PersistentVolumeClaim "a" is invalid: spec.x: Forbidden: spec is immutable after creation',
  );
});
