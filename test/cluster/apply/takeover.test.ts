import { describe, expect, test } from 'vitest';
import { takenOver } from '../../../src/cluster/apply/takeover.ts';
import type { LiveObject, ManagedFields } from '../../../src/cluster/object/live.ts';
import { replicasHeldByScale } from '../../../src/cluster/object/scale.ts';
import { status } from '../api-server.ts';
import { configMap, path, startWorld } from '../world.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const entry = (manager: string, fieldsV1: object, more: Partial<ManagedFields> = {}): ManagedFields => ({
  manager,
  operation: 'Update',
  fieldsV1: fieldsV1 as Record<string, unknown>,
  ...more,
});
const data = (...keys: string[]) => ({ 'f:data': Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) });
const object = (managedFields: readonly ManagedFields[], lastApplied?: string): LiveObject => ({
  name: 'a',
  managedFields,
  ...(lastApplied === undefined ? {} : { annotations: { [LAST_APPLIED]: lastApplied } }),
});

describe('what kubectl apply wrote', () => {
  test('becomes one entry of ours; those of others stay as they are', () => {
    const theirs = entry('kube-controller-manager', data('c'), { subresource: 'status' });
    const taken = takenOver(
      object([
        theirs,
        entry('kubectl-client-side-apply', data('a', 'b'), { time: '2020-01-01T00:00:00Z' }),
        entry('helm', data('d')),
      ]),
      'flux',
    );
    expect(taken).toEqual([
      theirs,
      entry('helm', data('d')),
      entry('flux', data('a', 'b'), { operation: 'Apply', time: '2020-01-01T00:00:00Z' }),
    ]);
  });

  test('joins an entry that we have already', () => {
    const own = entry('flux', data('b', 'c'), { operation: 'Apply' });
    expect(takenOver(object([own, entry('kubectl-client-side-apply', data('a'))]), 'flux')).toEqual([
      { ...own, fieldsV1: data('b', 'c', 'a') },
    ]);
  });

  test('written under several versions of the API goes by the newest', () => {
    const old = entry('kubectl-client-side-apply', data('a'), { apiVersion: 'old/v1', time: '2019-01-01T00:00:00Z' } as object);
    const young = entry('kubectl-client-side-apply', data('b'), { apiVersion: 'new/v1', time: '2021-01-01T00:00:00Z' } as object);
    expect(takenOver(object([young, old]), 'flux')).toMatchObject([{ apiVersion: 'new/v1', fieldsV1: data('b', 'a') }]);
  });

  test.each([
    ['nobody applied anything', [entry('helm', data('a'))]],
    ['the entry is of a subresource', [entry('kubectl-client-side-apply', data('a'), { subresource: 'scale' })]],
    ['it is server-side apply of somebody', [entry('kubectl', data('a'), { operation: 'Apply' })]],
    ['kubectl wrote, but never applied', [entry('kubectl', data('a'))]],
    ['there are no entries', []],
  ])('is nothing where %s', (_, entries) => {
    expect(takenOver(object(entries), 'flux')).toBeUndefined();
  });

  test('by a kubectl that had one name for all its commands is what the last-applied configuration holds', () => {
    const fields = {
      ...data('a', 'b'),
      'f:metadata': { 'f:annotations': { [`f:${LAST_APPLIED}`]: {} }, 'f:labels': { 'f:team': {} } },
    };
    const lastApplied = JSON.stringify({ metadata: { name: 'a' }, data: { a: '1' } });
    expect(takenOver(object([entry('kubectl', fields)], lastApplied), 'flux')).toEqual([
      entry('kubectl', { ...data('b'), 'f:metadata': { 'f:labels': { 'f:team': {} } } }),
      entry('flux', { ...data('a'), 'f:metadata': { 'f:annotations': { [`f:${LAST_APPLIED}`]: {} } } }, { operation: 'Apply' }),
    ]);
  });

  test('of a Secret that an old kubectl applied is the data that its stringData became', () => {
    const stringData = { a: '1', b: '2' };
    const lastApplied = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, stringData });
    expect(takenOver(object([entry('kubectl', data('a', 'b', 'c'))], lastApplied), 'flux')).toEqual([
      entry('kubectl', data('c')),
      entry('flux', data('a', 'b'), { operation: 'Apply' }),
    ]);
  });

  test.each(['', 'null', '[]', '{}', '{"metadata":1}', '{'])(
    'is left alone where the last-applied configuration is %j',
    (text) => {
      expect(takenOver(object([entry('kubectl', data('a'))], text), 'flux')).toBeUndefined();
    },
  );
});

describe('taking over', () => {
  const start = async () => {
    const world = await startWorld();
    const managedFields = [{ manager: 'kubectl-client-side-apply', operation: 'Update', fieldsV1: data('a') }];
    world.server.put(path.configMap('a'), { metadata: { name: 'a', namespace: 'shop', managedFields }, data: { a: 'b' } });
    return world;
  };
  const migrations = ({ server }: Awaited<ReturnType<typeof start>>) =>
    server.requests.filter(({ headers }) => headers['content-type'] === 'application/json-patch+json');

  test('is one JSON patch of managedFields, bound to the version that was looked at', async () => {
    const world = await start();
    const { resourceVersion } = world.server.get(path.configMap('a')).metadata;
    world.server.intercept = (seen) =>
      seen.headers['content-type'] === 'application/json-patch+json'
        ? { status: 200, body: { metadata: { ...world.server.get(path.configMap('a')).metadata, managedFields: [] } } }
        : undefined;
    expect(await world.sync([configMap('a')])).toEqual({ 'shop:configmap/a': 'configured' });
    expect(migrations(world).map(({ body }) => JSON.parse(body))).toEqual([
      [
        {
          op: 'replace',
          path: '/metadata/managedFields',
          value: expect.arrayContaining([expect.objectContaining({ manager: 'flux' })]),
        },
        { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      ],
    ]);
  });

  test('is tried a few times against other writers, then the object is reported (R-011)', async () => {
    const world = await start();
    world.server.intercept = (seen) =>
      seen.headers['content-type'] === 'application/json-patch+json'
        ? { status: 409, body: status(409, 'Conflict', 'the object has been modified') }
        : undefined;
    const [change] = await world.cluster.apply(await world.plan([configMap('a')]));
    expect(change).toMatchObject({ outcome: 'failed', error: { code: 'cluster/conflict' } });
    expect(migrations(world)).toHaveLength(6);
  });

  test('of an object that is gone meanwhile creates it', async () => {
    const world = await start();
    world.server.intercept = (seen) => {
      if (seen.headers['content-type'] !== 'application/json-patch+json') return undefined;
      world.server.remove(path.configMap('a'));
      return { status: 404, body: status(404, 'NotFound', 'configmaps "a" not found', { name: 'a', kind: 'configmaps' }) };
    };
    expect(await world.sync([configMap('a')])).toEqual({ 'shop:configmap/a': 'created' });
  });
});

test('replicas are held by whoever wrote them through the scale subresource, and by nobody else (R-011)', () => {
  const replicas = { 'f:spec': { 'f:replicas': {} } };
  const held = (...managedFields: ManagedFields[]) => replicasHeldByScale({ managedFields });
  expect(held(entry('kube-controller-manager', replicas, { subresource: 'scale' }))).toBe(true);
  expect(held(entry('kubectl-edit', replicas))).toBe(false);
  expect(held(entry('kubectl', { 'f:status': {} }, { subresource: 'scale' }))).toBe(false);
  expect(held(entry('kubelet', replicas, { subresource: 'status' }))).toBe(false);
  expect(replicasHeldByScale({})).toBe(false);
});
