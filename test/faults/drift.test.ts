import { expect, test } from 'vitest';
import type { Change } from '../../src/controller/ports.ts';
import { manifest } from '../cluster/world.ts';
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
