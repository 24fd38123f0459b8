import { describe, expect, test } from 'vitest';
import { configMap as configMapManifest, manifest } from '../cluster/world.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { sampled } from '../support/sampled.ts';
import { configMapPath } from './manifests.ts';
import { outcomes, startWorld, writes } from './world.ts';

const BREAKS: readonly (readonly [string, Fault])[] = [
  ['before the request arrives', { kind: 'drop' }],
  ['after it was carried out, before the answer', { kind: 'lose-answer' }],
  ['at the first byte of the answer', { kind: 'cut', bytes: 0 }],
  ['in the middle of the answer', { kind: 'cut', bytes: 100 }],
];

const service = manifest({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
});

/** The first request that matches fails once. */
function once(fault: Fault, matches: (request: Recorded) => boolean): (request: Recorded) => Fault | undefined {
  let done = false;
  return (request) => {
    if (done || !matches(request)) return undefined;
    done = true;
    return fault;
  };
}

describe.for(sampled('ways to break a connection', BREAKS, 2))('R-005: a connection that is reset %s', ([, fault]) => {
  test.for<[string, (request: Recorded) => boolean]>([
    ['discovery of the core', ({ path }) => path === '/api'],
    ['discovery of the groups', ({ path }) => path === '/apis'],
    ['a list', ({ path }) => path === '/api/v1/configmaps'],
    ['the apply of a new object', ({ method, path }) => method === 'PATCH' && path.endsWith('/a')],
    ['every first request', () => true],
  ])('of %s: each object is created once, and said to be', async ([, matches]) => {
    const world = await startWorld();
    world.proxy.intercept = once(fault, matches);
    const manifests = [configMapManifest('a'), configMapManifest('b'), service];
    // A kind whose list was lost is held, and looked at again by the next sync.
    const seen = new Map<string, string[]>();
    for (const each of [await world.sync(manifests), await world.sync(manifests)]) {
      for (const [id, outcome] of Object.entries(outcomes(each))) seen.set(id, [...(seen.get(id) ?? []), outcome]);
    }
    expect([...seen.keys()].sort()).toEqual(['shop:configmap/a', 'shop:configmap/b', 'shop:service/web']);
    for (const each of seen.values()) expect(['created unchanged', 'held created']).toContain(each.join(' '));
    expect(writes(world).filter((write) => write.endsWith('/b')).length).toBe(1);
    const { metadata } = await world.person.get(configMapPath('a'));
    world.proxy.clear();
    expect(Object.values(outcomes(await world.sync(manifests)))).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(writes(world)).toEqual([]);
    expect((await world.person.get(configMapPath('a'))).metadata).toMatchObject({ uid: metadata.uid });
  });

  test('of the apply of a change: the object is changed once', async () => {
    const world = await startWorld();
    await world.sync([configMapManifest('a')]);
    const { metadata } = await world.person.get(configMapPath('a'));
    world.proxy.intercept = once(fault, ({ method }) => method === 'PATCH');
    expect(outcomes(await world.sync([configMapManifest('a', { a: 'changed' })]))).toEqual({ 'shop:configmap/a': 'configured' });
    const after = await world.person.get(configMapPath('a'));
    expect(after).toMatchObject({ data: { a: 'changed' }, metadata: { uid: metadata.uid } });
    world.proxy.intercept = undefined;
    world.proxy.clear();
    await world.sync([configMapManifest('a', { a: 'changed' })]);
    expect(writes(world)).toEqual([]);
  });

  test('of a deletion: the object is gone, and nothing else', async () => {
    const world = await startWorld();
    await world.sync([configMapManifest('a'), configMapManifest('b')]);
    world.proxy.intercept = once(fault, ({ method }) => method === 'DELETE');
    const changes = await world.sync([configMapManifest('a')], { garbageCollection: 'on' });
    expect(outcomes(changes)).toEqual({ 'shop:configmap/a': 'unchanged', 'shop:configmap/b': 'deleted' });
    expect(await world.person.find(configMapPath('b'))).toBeUndefined();
    expect(await world.person.find(configMapPath('a'))).toBeDefined();
  });

  test('of a deletion, and somebody creates the object anew before it is tried again: theirs stays', async () => {
    const world = await startWorld();
    await world.sync([configMapManifest('a'), configMapManifest('b')]);
    let deletions = 0;
    world.proxy.intercept = async ({ method }) => {
      if (method !== 'DELETE') return undefined;
      deletions += 1;
      if (deletions === 1) return fault;
      if (await world.person.find(configMapPath('b'))) await world.person.delete(configMapPath('b'));
      await world.person.create('api/v1/namespaces/shop/configmaps', { metadata: { name: 'b' }, data: { whose: 'mine' } });
      return undefined;
    };
    const changes = await world.sync([configMapManifest('a')], { garbageCollection: 'on' });
    expect(outcomes(changes)).toMatchObject({ 'shop:configmap/b': 'held' });
    expect(await world.person.get(configMapPath('b'))).toMatchObject({ data: { whose: 'mine' } });
  });
});
