import { expect, test } from 'vitest';
import type { KubeObject } from '../../src/resource/index.ts';
import { manifest } from '../cluster/world.ts';
import { until } from '../support/until.ts';
import { outcomes, startWorld, type World } from './world.ts';

const AT = 'api/v1/namespaces/shop/secrets/keys';
const ID = 'shop:secret/keys';
const base64 = (text: string) => Buffer.from(text).toString('base64');

function secret(fields: object) {
  const object: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: 'shop' }, ...fields };
  return manifest(object);
}

async function sync(world: World, fields: object) {
  const changes = await world.sync([secret(fields)]);
  return [outcomes(changes)[ID], (await world.person.get(AT)).data];
}

test.each([
  ['texts', { stringData: { a: 'ä', b: '' } }, { a: base64('ä'), b: '' }],
  ['beside data', { data: { c: base64('c') }, stringData: { a: 'a' } }, { a: base64('a'), c: base64('c') }],
  ['over data', { data: { a: base64('old') }, stringData: { a: 'new' } }, { a: base64('new') }],
  ['nothing', { data: { c: base64('c') }, stringData: {} }, { c: base64('c') }],
  ['over data that is null', { data: null, stringData: { a: 'a', b: null } }, { a: base64('a') }],
])('stringData with %s becomes data, and nothing is left to do', async (_, fields, data) => {
  const world = await startWorld();
  expect(await sync(world, fields)).toEqual(['created', data]);
  expect(await sync(world, fields)).toEqual(['unchanged', data]);
});

test('a value of stringData that somebody changes in the cluster is put right', async () => {
  const world = await startWorld();
  const fields = { stringData: { password: 'one', other: 'two' } };
  const data = { password: base64('one'), other: base64('two') };
  expect(await sync(world, fields)).toEqual(['created', data]);
  let asked = false;
  world.cluster.onDrift(() => {
    asked = true;
  });
  await world.person.patch(AT, { data: { password: base64('HACKED') } });
  await until('the change is seen', () => asked);
  const [change] = await world.sync([secret(fields)]);
  expect(change).toMatchObject({
    outcome: 'configured',
    reason: expect.stringMatching(/changed in the cluster.*: data\.password$/),
  });
  expect((await world.person.get(AT)).data).toEqual(data);
});

test('a key that is gone from stringData in Git is gone from the cluster', async () => {
  const world = await startWorld();
  await sync(world, { stringData: { password: 'one', other: 'two' } });
  expect(await sync(world, { stringData: { password: 'one' } })).toEqual(['configured', { password: base64('one') }]);
});

test.each([
  ['a number', { stringData: { a: 'x', pin: 4711 } }, /stringData\.pin: expected string/],
  ['a list', { stringData: ['a'] }, /stringData: expected map/],
  ['data that is no map', { data: 'canary', stringData: { a: 'x' } }, /\.data: expected map/],
])('%s is refused where it is written', async (_, fields, message) => {
  const world = await startWorld();
  const [change] = await world.sync([secret(fields)]);
  expect(change).toMatchObject({
    outcome: 'failed',
    error: { code: 'cluster/invalid', message: expect.stringMatching(message) },
  });
});
