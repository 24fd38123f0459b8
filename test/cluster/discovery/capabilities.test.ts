import { describe, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { KINDS, type Kind } from '../api-server.ts';
import { startWorld } from '../world.ts';

const widget = (version: string): Kind => ({
  group: 'example.com',
  version,
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
});
const METRICS: Kind = { ...widget('v1beta1'), group: 'metrics.k8s.io', kind: 'PodMetrics', plural: 'pods' };
const LOOK_AGAIN_MS = 301_000;

/** What the kinds of the server come to. */
const listed = (kinds: readonly Kind[]) =>
  [
    ...new Set(
      kinds.flatMap(({ group, version, kind }) => {
        const apiVersion = group === '' ? version : `${group}/${version}`;
        return [apiVersion, `${apiVersion}/${kind}`];
      }),
    ),
  ].sort();

describe.for([['aggregated'], ['by-version']] as const)('capabilities, by %s discovery', ([form]) => {
  async function start(more: readonly Kind[] = []) {
    const world = await startWorld();
    world.server.discovery = form;
    world.server.kinds.push(...more);
    const { cluster, clock } = world;
    const later = () => {
      clock.time += LOOK_AGAIN_MS;
      return cluster.capabilities();
    };
    return { ...world, later };
  }

  test('are the version, and each kind in each version, also excluded ones', async () => {
    const more = [widget('v1'), widget('v1beta1'), METRICS];
    const { cluster } = await start(more);
    const found = await cluster.capabilities();
    expect(found).toEqual({ kubeVersion: 'v1.34.4', apiVersions: listed([...KINDS, ...more]) });
    expect(found.apiVersions).toEqual(expect.arrayContaining(['v1', 'v1/Secret', 'apps/v1', 'apps/v1/Deployment']));
  });

  test('are the identical object until they change, and each request is made again after five minutes', async () => {
    const { server, cluster, later } = await start();
    const first = await cluster.capabilities();
    const asked = server.requests.length;
    expect(await cluster.capabilities()).toBe(first);
    expect(server.requests).toHaveLength(asked);
    expect(await later()).toBe(first);
    expect(server.requests).toHaveLength(2 * asked);
    server.kinds.push(widget('v1'));
    const second = await later();
    expect(second.apiVersions).toEqual(listed([...KINDS, widget('v1')]));
    server.intercept = ({ path }) => (path === '/version' ? { status: 200, body: { gitVersion: 'v1.35.0' } } : undefined);
    expect(await later()).toEqual({ ...second, kubeVersion: 'v1.35.0' });
  });

  test('are not known while kinds that were never seen cannot be discovered', async () => {
    const { server, cluster } = await start([widget('v1')]);
    server.stale = ['example.com/v1'];
    await expect(cluster.capabilities()).rejects.toMatchObject({
      code: 'cluster/capabilities-unknown',
      message: 'kinds of the cluster are not known: example.com/v1',
      help: expect.stringContaining('tried again'),
    });
    server.stale = [];
    expect((await cluster.capabilities()).apiVersions).toEqual(listed(server.kinds));
  });

  test('keep the kinds of an API that is down, and get new ones of others', async () => {
    const { server, cluster, later } = await start([widget('v1')]);
    const first = await cluster.capabilities();
    server.stale = ['example.com/v1'];
    expect(await later()).toBe(first);
    server.kinds.push({ ...widget('v1'), group: 'new.example.com' });
    expect((await later()).apiVersions).toEqual(listed(server.kinds));
    server.stale = ['example.com/v1', 'new.example.com/v1'];
    expect((await later()).apiVersions).toEqual(listed(server.kinds));
  });

  test('are known once each API was seen, if not all at once', async () => {
    const { server, cluster } = await start([widget('v1'), widget('v2')]);
    server.stale = ['example.com/v1'];
    await expect(cluster.capabilities()).rejects.toThrow('example.com/v1');
    server.stale = ['example.com/v2'];
    server.kinds.push(widget('v3'));
    expect((await cluster.capabilities()).apiVersions).toEqual(listed(server.kinds));
  });

  test('do without the kinds of an excluded API that is down from the start', async () => {
    const { server, cluster } = await start([METRICS]);
    server.stale = ['metrics.k8s.io/v1beta1'];
    expect((await cluster.capabilities()).apiVersions).toContain('metrics.k8s.io/v1beta1');
  });

  test('keep the kinds of an excluded API that goes down', async () => {
    const { server, cluster, later } = await start([METRICS]);
    const first = await cluster.capabilities();
    server.stale = ['metrics.k8s.io/v1beta1'];
    expect(await later()).toBe(first);
  });

  test('lose a group that is gone only when a second answer confirms it (R-007)', async () => {
    const { server, cluster, clock, later } = await start([widget('v1')]);
    const first = await cluster.capabilities();
    server.absent = ['example.com'];
    expect(await later()).toBe(first);
    clock.time += 9_999;
    expect(await cluster.capabilities()).toBe(first);
    clock.time += 1;
    expect((await cluster.capabilities()).apiVersions).toEqual(listed(KINDS));
  });

  const FAULTS = ['cut', { status: 403 }, { status: 500 }, { status: 200, body: '<html>' }, { status: 200, body: {} }] as const;
  const PATHS = ['/version', '/api', '/apis', ...(form === 'by-version' ? ['/api/v1', '/apis/apps/v1'] : [])];
  test.each(PATHS.flatMap((path) => FAULTS.map((fault) => [path, fault] as const)))(
    'are never fewer when %s is answered by %o',
    async (lost, fault) => {
      const { server, cluster, later } = await start();
      server.intercept = ({ path }) => (path === lost ? fault : undefined);
      await expect(cluster.capabilities()).rejects.toMatchObject({ code: expect.stringMatching(/^cluster\//) });
      server.intercept = undefined;
      const first = await later();
      expect(first.apiVersions).toEqual(listed(KINDS));
      server.intercept = ({ path }) => (path === lost ? fault : undefined);
      expect(await later()).toBe(first);
      server.intercept = undefined;
      expect(await later()).toBe(first);
    },
  );
});

test('a caller that gives up ends its own waiting only', async () => {
  const { server, cluster } = await startWorld();
  server.intercept = ({ path }) => (path === '/version' ? 'hang' : undefined);
  const gone = new AbortController();
  const first = cluster.capabilities({ signal: gone.signal });
  await until('the request', () => server.requests.some(({ path }) => path === '/version'));
  const second = cluster.capabilities();
  gone.abort(new Error('the client went away'));
  await expect(first).rejects.toMatchObject({ code: 'cluster/stopped', cause: { message: 'the client went away' } });
  server.intercept = undefined;
  server.disconnect();
  expect(await second).toMatchObject({ kubeVersion: 'v1.34.4' });
});
