import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { until } from '../../support/until.ts';
import { KINDS } from '../api-server.ts';
import { configMap, deployment, manifest, request, startWorld, widget } from '../world.ts';

const looks = (server: { readonly requests: readonly { readonly path: string }[] }) =>
  server.requests
    .map(({ path }) => path)
    .filter((path) => /^\/(api|apis)(\/[^/]+){0,2}$/.test(path) && !/^\/api\/v1\/./.test(path));

describe.for([['aggregated'], ['by-version']] as const)('%s discovery', ([form]) => {
  test('finds kinds of the core and of groups, with their scope', async () => {
    const { server, sync } = await startWorld();
    server.discovery = form;
    const set = [manifest({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } }), configMap('a'), deployment('web')];
    expect(await sync(set)).toEqual({
      '<cluster>:namespace/n': 'created',
      'shop:configmap/a': 'created',
      'shop:deployment/web': 'created',
    });
  });

  test('an API that is down is not taken for one that is gone: nothing is deleted meanwhile', async () => {
    const { server, sync } = await startWorld();
    server.discovery = form;
    const more = { garbageCollection: 'on' } as const;
    await sync([configMap('a'), configMap('b')], more);
    server.kinds.push({ group: 'down.example.com', version: 'v1', kind: 'Down', plural: 'downs', namespaced: true });
    server.stale = ['down.example.com/v1'];
    expect(await sync([configMap('a')], more)).toMatchObject({ 'shop:configmap/b': 'held' });
    server.stale = [];
    expect(await sync([configMap('a')], more)).toMatchObject({ 'shop:configmap/b': 'deleted' });
  });
});

describe.for([['aggregated'], ['by-version']] as const)('kinds that are missing from one %s answer (R-007)', ([form]) => {
  const ON = { garbageCollection: 'on' } as const;
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ['one group', ['apps']],
    ['every group', [...new Set(KINDS.map(({ group }) => group))].filter((group) => group !== '')],
  ];

  async function startLogged() {
    const warned: unknown[] = [];
    const world = await startWorld({ log: { ...silentLogger(), warn: (what: unknown) => void warned.push(what) } });
    world.server.discovery = form;
    await world.sync([configMap('a'), configMap('b'), deployment('web')], ON);
    return { ...world, warned };
  }

  test.for(groups)(
    '%s: nothing is deleted until an answer 10 s later says the same, and a warning says so',
    async ([, absent]) => {
      const { server, sync, plan, clock, warned } = await startLogged();
      server.absent = absent;
      expect(await sync([configMap('a'), deployment('web')], ON)).toMatchObject({
        'shop:configmap/b': 'held',
        'shop:deployment/web': 'unchanged',
      });
      expect((await plan([configMap('a'), deployment('web')], ON)).entries.at(-1)?.reason).toContain('apps/v1');
      clock.time += 9_999;
      expect(await sync([configMap('a'), deployment('web')], ON)).toMatchObject({ 'shop:configmap/b': 'held' });
      expect(warned).toMatchObject([{ kinds: expect.stringContaining('apps/v1 Deployment') }]);
      server.absent = [];
      clock.time += 9_999;
      expect(await sync([configMap('a'), deployment('web')], ON)).toMatchObject({
        'shop:configmap/b': 'deleted',
        'shop:deployment/web': 'unchanged',
      });
    },
  );

  test('what comes back in between begins anew, and what stays away is gone', async () => {
    const { server, sync, clock } = await startLogged();
    server.absent = ['apps'];
    expect(await sync([configMap('a')], ON)).toMatchObject({ 'shop:configmap/b': 'held' });
    server.absent = [];
    clock.time += 10_000;
    server.intercept = ({ method }) => (method === 'DELETE' ? { status: 500 } : undefined);
    await sync([configMap('a')], ON);
    server.intercept = undefined;
    server.absent = ['apps'];
    clock.time += 60_000;
    expect(await sync([configMap('a')], ON)).toMatchObject({ 'shop:configmap/b': 'held' });
    clock.time += 10_000;
    expect(await sync([configMap('a')], ON)).toMatchObject({ 'shop:configmap/b': 'deleted' });
  });
});

test('the API is looked at by two requests, and again after five minutes, for the price of a 304', async () => {
  const { server, sync, clock } = await startWorld();
  await sync([configMap('a')]);
  expect(looks(server)).toEqual(['/api', '/apis']);
  await sync([configMap('a')]);
  expect(looks(server)).toHaveLength(2);
  clock.time += 301_000;
  await sync([configMap('a')]);
  expect(looks(server)).toHaveLength(4);
  expect(server.requests.filter(({ headers }) => headers['if-none-match'] !== undefined)).toHaveLength(2);
});

test('an unknown kind is looked for once more in the same plan', async () => {
  const { server, plan } = await startWorld();
  await plan([configMap('a')]);
  server.kinds.push({ group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true });
  expect((await plan([configMap('a'), widget('w')])).entries.map(({ action }) => action)).toEqual(['create', 'create']);
});

test('the same kind in two groups, and two plurals of one kind, do not confuse it', async () => {
  const { server, sync } = await startWorld();
  server.kinds.push(
    { group: 'serving.example.com', version: 'v1', kind: 'Service', plural: 'services', namespaced: true },
    { group: '', version: 'v1', kind: 'ConfigMap', plural: 'oddmaps', namespaced: false },
  );
  const service = (apiVersion: string) => manifest({ apiVersion, kind: 'Service', metadata: { name: 's', namespace: 'shop' } });
  await sync([service('v1'), service('serving.example.com/v1'), configMap('a')]);
  expect(server.paths()).toEqual(
    expect.arrayContaining([
      '/api/v1/namespaces/shop/services/s',
      '/apis/serving.example.com/v1/namespaces/shop/services/s',
      '/api/v1/namespaces/shop/configmaps/a',
    ]),
  );
});

test('a look that somebody gives up goes on for whoever shares it', async () => {
  const { server, cluster, plan } = await startWorld();
  server.intercept = ({ path }) => (path === '/apis' ? 'hang' : undefined);
  const gone = new AbortController();
  const first = cluster.plan(request([configMap('a')], { preview: true }), { signal: gone.signal });
  await until('the look', () => looks(server).includes('/apis'));
  const second = plan([configMap('a')]);
  gone.abort(new Error('the client went away'));
  await expect(first).rejects.toMatchObject({ code: 'cluster/stopped', cause: { message: 'the client went away' } });
  server.intercept = undefined;
  server.disconnect();
  expect((await second).entries).toMatchObject([{ action: 'create' }]);
});
