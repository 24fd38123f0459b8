import { expect, test } from 'vitest';
import type { Change } from '../../src/change/index.ts';
import { configMap, manifest } from '../cluster/world.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from './world.ts';

const AT = 'api/v1/namespaces/shop/configmaps/prices';

function prices(apple: string) {
  return manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prices', namespace: 'shop' }, data: { apple } });
}

const EDITS: readonly (readonly [string, (world: World) => Promise<unknown>, Partial<Change>])[] = [
  [
    'an edit',
    ({ person }) => person.patch(AT, { data: { apple: '3' } }),
    { outcome: 'configured', reason: expect.stringContaining('data.apple') },
  ],
  ['a deletion', ({ person }) => person.delete(AT), { outcome: 'created', reason: 'gone from the cluster' }],
];

test.each(EDITS)('what puts right %s is told apart from what Git asks for', async (_, edit, change) => {
  const world = await startWorld();
  let asked = false;
  world.cluster.onDrift(() => {
    asked = true;
  });
  expect((await world.sync([prices('1')]))[0]).not.toHaveProperty('drift');
  expect((await world.sync([prices('2')]))[0]).not.toHaveProperty('drift');
  await edit(world);
  await until('it is seen', () => asked);
  expect((await world.sync([prices('2')]))[0]).toMatchObject({ ...change, drift: true });
  expect((await world.sync([prices('2')]))[0]).not.toHaveProperty('drift');
});

test.each([
  ['the same sync', 0],
  ['the next one, which finds it', 1],
])('drift of an object whose creation was done though its answers were lost is seen after %s (R-005)', async (_when, syncs) => {
  const world = await startWorld();
  const { proxy, person } = world;
  let asked = 0;
  world.cluster.onDrift(() => {
    asked += 1;
  });
  let tries = 0;
  proxy.intercept = ({ method, path }) => {
    if (method !== 'PATCH' || !path.endsWith('/prices')) return undefined;
    tries += 1;
    return tries === 1 ? { kind: 'lose-answer' } : { kind: 'drop' };
  };
  expect((await world.sync([prices('1')]))[0]).toMatchObject({ outcome: 'failed' });
  proxy.intercept = undefined;
  for (let n = 0; n < syncs; n += 1) expect((await world.sync([prices('1')]))[0]).toMatchObject({ outcome: 'unchanged' });
  const before = asked;
  await person.patch(AT, { data: { apple: '3' } });
  await until('it is seen', () => asked > before);
});

test('drift is told to the source that wants the object, and to no other', async () => {
  const world = await startWorld();
  const asked: string[] = [];
  world.cluster.onDrift((syncSet) => asked.push(syncSet));
  await world.sync([prices('1')], { syncSet: 'set-a' });
  await world.sync([configMap('other')], { syncSet: 'set-b' });
  await world.person.patch(AT, { data: { apple: '3' } });
  await until('it is seen', () => asked.length > 0);
  expect(asked).toEqual(['set-a']);
});
