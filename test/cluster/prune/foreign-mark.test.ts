import { expect, test } from 'vitest';
import { gcMark, MARK_LABEL } from '../../../src/cluster/object/ownership.ts';
import { configMap, path, startWorld } from '../world.ts';

const ON = { garbageCollection: 'on' } as const;
const AT = path.configMap('a');
const kept = ['b', 'c'].map((name) => configMap(name));

test('an object that another repository marked while ours did not have it is left to that one for an hour (R-025)', async () => {
  const { server, clock, sync, plan } = await startWorld();
  server.put(AT, { metadata: { name: 'a', namespace: 'shop', labels: { [MARK_LABEL]: gcMark('another', 'shop:configmap/a') } } });
  await sync(kept, ON);
  // A person deletes it, and it comes to our repository for a while.
  server.remove(AT);
  clock.time += 60_000;
  await sync([...kept, configMap('a')], ON);
  clock.time += 60_000;
  const { entries } = await plan(kept, ON);
  expect(entries.find(({ id }) => id === 'shop:configmap/a')).toMatchObject({
    action: 'held',
    reason: expect.stringContaining('another Flux, or another repository'),
  });
  clock.time += 3_600_000;
  expect(await sync(kept, ON)).toMatchObject({ 'shop:configmap/a': 'deleted' });
});
