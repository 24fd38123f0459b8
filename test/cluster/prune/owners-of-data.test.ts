import { expect, test } from 'vitest';
import { status } from '../api-server.ts';
import { configMap, startWorld, type World, widget } from '../world.ts';

const ON = { garbageCollection: 'on' } as const;
const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims';
const SETS = '/apis/apps/v1/namespaces/shop/statefulsets';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/shop/deployments';
const WIDGET = '/apis/example.com/v1/namespaces/shop/widgets/w';
const kept = [configMap('a'), configMap('b')];

/** A widget that is applied and then leaves Git; `own` puts into the cluster what it owns. */
async function deletionOf(own: (world: World, reference: object) => void) {
  const world = await startWorld();
  const { server, sync, plan } = world;
  server.kinds.push({ group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true });
  await sync([...kept, widget('w')], ON);
  own(world, { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: server.get(WIDGET).metadata.uid });
  return (await plan(kept, ON)).entries.find(({ id }) => id === 'shop:widget/w');
}

function put({ server }: World, path: string, name: string, owner: object): object {
  server.put(`${path}/${name}`, { metadata: { name, namespace: 'shop', ownerReferences: [owner] } });
  const kind = path === DEPLOYMENTS ? 'Deployment' : 'StatefulSet';
  return { apiVersion: 'apps/v1', kind, name, uid: server.get(`${path}/${name}`).metadata.uid };
}

test('a custom resource that owns nothing is deleted', async () => {
  const entry = await deletionOf((world, reference) => {
    put(world, DEPLOYMENTS, 'stateless', reference);
    put(world, CLAIMS, 'of-another', { ...reference, uid: 'another' });
  });
  expect(entry?.action).toBe('prune');
});

test.for<[string, string, (world: World, reference: object) => void]>([
  ['a claim', 'shop:persistentvolumeclaim/data', (world, reference) => put(world, CLAIMS, 'data', reference)],
  ['a StatefulSet', 'shop:statefulset/db', (world, reference) => put(world, SETS, 'db', reference)],
  [
    'what owns a claim',
    'shop:persistentvolumeclaim/data',
    (world, reference) => put(world, CLAIMS, 'data', put(world, DEPLOYMENTS, 'between', reference)),
  ],
  [
    'a claim, in a chain that goes round',
    'shop:persistentvolumeclaim/data',
    (world, reference) => {
      const first = put(world, DEPLOYMENTS, 'first', reference);
      const second = put(world, DEPLOYMENTS, 'second', first);
      world.server.edit(`${DEPLOYMENTS}/first`, ({ metadata }) => metadata.ownerReferences.push(second));
      put(world, CLAIMS, 'data', second);
    },
  ],
])('one that owns %s waits for a person (R-021)', async ([, holder, own]) => {
  const entry = await deletionOf((world, reference) => void own(world, reference));
  expect(entry).toMatchObject({ action: 'held', reason: expect.stringContaining(`shop:widget/w, which owns ${holder}`) });
  expect(entry?.approval).toBeDefined();
});

test.for<[number, string]>([
  [403, 'shop:widget/w, which may own claims, which cannot be listed: no'],
  [500, 'not all objects could be listed: owners of claims'],
])('where claims cannot be listed (%i), it is not deleted', async ([code, reason]) => {
  const entry = await deletionOf(({ server }) => {
    // Only the list of all of them, not that of marked ones.
    server.intercept = ({ path, query }) =>
      path === '/api/v1/persistentvolumeclaims' && !query.has('labelSelector')
        ? { status: code, body: status(code, code === 403 ? 'Forbidden' : 'InternalError', 'no') }
        : undefined;
  });
  expect(entry).toMatchObject({ action: 'held', reason: expect.stringContaining(reason) });
});
