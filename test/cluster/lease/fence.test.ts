import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { Fence } from '../../../src/cluster/lease/fence.ts';
import { configMap, namespace as namespaceManifest, path, startWorld } from '../world.ts';

const isWrite = ({ method }: { readonly method: string }) => method !== 'GET';

describe('a shut fence', () => {
  test('lets no apply and no deletion out, and says so of each object; reads and dry runs go on', async () => {
    const fence = new Fence(systemClock);
    const { cluster, server, plan, sync } = await startWorld({ fence });
    const wanted = [namespaceManifest('shop'), configMap('a'), configMap('b')];
    await sync(wanted, { garbageCollection: 'on' });
    const less = await plan([...wanted.slice(0, 2), configMap('c')], { garbageCollection: 'on' });
    expect(less.entries.map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'create', 'prune']);
    fence.close();
    server.requests.length = 0;

    expect((await cluster.diff(less)).map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'create', 'prune']);
    expect(server.requests.filter(isWrite).every(({ query }) => query.get('dryRun') === 'All')).toBe(true);
    server.requests.length = 0;
    const changes = await cluster.apply(less);
    expect(changes.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['unchanged', undefined],
      ['unchanged', undefined],
      ['failed', 'lease/not-held'],
      ['held', undefined],
    ]);
    expect(server.requests.filter(isWrite)).toEqual([]);
    expect(server.get(path.configMap('b'))).toBeDefined();
  });

  test('that shuts while a sync is under way lets out what went before, and nothing after', async () => {
    const fence = new Fence(systemClock);
    const { cluster, server, plan } = await startWorld({ fence, maxInFlight: 1 });
    const prepared = await plan([configMap('a'), configMap('b'), configMap('c')]);
    server.intercept = (request) => {
      if (isWrite(request)) fence.close();
      return undefined;
    };
    server.requests.length = 0;
    const changes = await cluster.apply(prepared);
    expect(changes.map(({ outcome }) => outcome)).toEqual(['created', 'failed', 'failed']);
    expect(server.requests.filter(isWrite)).toHaveLength(1);
  });
});
