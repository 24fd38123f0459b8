import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { configMap, manifest, request } from '../cluster/world.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { createLoneCluster } from '../support/lone-cluster.ts';
import { startEngine } from './engine.ts';
import { configMap as configMapOf, configMapPath, namespace, yaml } from './manifests.ts';
import { outcomes, type Site, startSite, startWorld } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function refusal(code: 401 | 403, message: string): Fault {
  const reason = code === 401 ? 'Unauthorized' : 'Forbidden';
  return {
    kind: 'answer',
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code },
  };
}

/** An API server that takes one token at a time, and a kubeconfig that reads it from a file, as a pod's does. */
async function tokenSite(): Promise<{
  site: Site;
  valid: (...tokens: readonly string[]) => void;
  issue: (token: string) => void;
  kubeconfig: string;
}> {
  const site = await startSite();
  await site.person.create('api/v1/namespaces', { metadata: { name: 'shop' } });
  const tokenFile = site.file('token', 'first\n');
  let accepted: readonly string[] = ['first'];
  site.proxy.intercept = ({ authorization }) =>
    accepted.some((token) => authorization === `Bearer ${token}`) ? undefined : refusal(401, 'Unauthorized');
  const kubeconfig = site.file(
    'token-kubeconfig',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${site.proxy.port}` } }],
      users: [{ name: 'u', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  return {
    site,
    kubeconfig,
    valid: (...tokens) => {
      accepted = tokens;
    },
    issue: (token) => writeFileSync(tokenFile, token),
  };
}

describe('R-010: tokens', () => {
  test('one that is rotated in its file is taken up before the old one ends: no request is refused', async () => {
    const { site, kubeconfig, issue, valid } = await tokenSite();
    const { clock, time, proxy } = site;
    const cluster = await createLoneCluster({ kubeconfigFile: kubeconfig, excludeResources: [], log: silentLogger(), clock });
    const sync = (value: string) =>
      time.during(cluster.plan(request([configMap('a', { value })])).then((plan) => cluster.apply(plan)));
    await sync('1');
    issue('second');
    valid('first', 'second');
    await time.pass(MINUTE);
    proxy.clear();
    await sync('2');
    expect(new Set(proxy.requests.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer second']));
    valid('second');
    expect(outcomes(await sync('3'))).toEqual({ 'shop:configmap/a': 'configured' });
    cluster.close();
  });

  test('one that is revoked before the file has the next: the sync fails with 401 told, and the next token heals it', async () => {
    const { site, kubeconfig, issue, valid } = await tokenSite();
    const { clock, time, proxy, person } = site;
    const cluster = await createLoneCluster({ kubeconfigFile: kubeconfig, excludeResources: [], log: silentLogger(), clock });
    const sync = (value: string) =>
      time.during(cluster.plan(request([configMap('a', { value })])).then((plan) => cluster.apply(plan)));
    await sync('1');
    valid('second');
    proxy.clear();
    const [change] = await sync('2');
    expect(change).toMatchObject({
      outcome: 'failed',
      error: { code: 'cluster/unauthorized', help: expect.stringContaining('revoked') },
    });
    // Each request once, and once more with credentials asked for anew.
    expect(proxy.requests.length).toBeLessThanOrEqual(2 * new Set(proxy.requests.map(({ path }) => path)).size);
    issue('second');
    expect(outcomes(await sync('2'))).toEqual({ 'shop:configmap/a': 'configured' });
    expect((await person.get(configMapPath('a'))).data).toEqual({ value: '2' });
    cluster.close();
  });

  test('one that expires in the middle of a sync: the applies go on with the next', async () => {
    const { site, kubeconfig, issue, valid } = await tokenSite();
    const { clock, time, proxy } = site;
    const cluster = await createLoneCluster({ kubeconfigFile: kubeconfig, excludeResources: [], log: silentLogger(), clock });
    const manifests = Array.from({ length: 40 }, (_, n) => configMap(`m${n}`));
    const plan = await time.during(cluster.plan(request(manifests)));
    const check = proxy.intercept;
    let applied = 0;
    proxy.intercept = (recorded) => {
      if (recorded.method === 'PATCH' && ++applied === 10) {
        issue('second');
        valid('second');
      }
      return check?.(recorded);
    };
    const changes = await time.during(cluster.apply(plan));
    expect(new Set(Object.values(outcomes(changes)))).toEqual(new Set(['created']));
    cluster.close();
  });

  test('while none is accepted fluxd stays up and says so, and is in sync within 30 s of the next', async () => {
    const engine = await startEngine(
      { 'all.yaml': yaml(namespace('shop'), configMapOf('a')) },
      {
        before: ({ proxy }) => {
          proxy.intercept = () => refusal(401, 'Unauthorized');
        },
      },
    );
    const { time, daemon, proxy, repository } = engine;
    await time.pass(10 * MINUTE);
    expect(engine.running()).toBe(true);
    expect(daemon.readiness()).toEqual({ ready: false, reason: 'last sync: Unauthorized' });
    expect(proxy.requests.length).toBeLessThanOrEqual(10 * 60);
    proxy.intercept = undefined;
    await time.until('synced', () => repository.tag !== undefined, 30 * SECOND);
  });
});

describe('R-010: rights', () => {
  const secret = (value: string) =>
    manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'shop' }, stringData: { value } });
  const forbidden = (matches: (recorded: Recorded) => boolean) => (recorded: Recorded) =>
    matches(recorded) ? refusal(403, 'secrets is forbidden: User "flux" cannot do that') : undefined;
  const isSecrets = ({ path }: Recorded) => path.includes('/secrets');

  test.for<[string, (recorded: Recorded) => boolean, string]>([
    ['to list one kind', (recorded) => isSecrets(recorded) && recorded.method === 'GET', 'held'],
    ['to apply one kind', (recorded) => isSecrets(recorded) && recorded.method === 'PATCH', 'failed'],
    ['to one kind at all', isSecrets, 'held'],
  ])(
    'without the right %s: its objects are told by name, all others are applied, and nothing is deleted',
    async ([, matches, outcome]) => {
      const world = await startWorld();
      const gone = configMap('gone');
      await world.sync([configMap('a'), configMap('b'), gone]);
      world.proxy.intercept = forbidden(matches);
      const wanted = [configMap('a', { a: 'changed' }), configMap('b'), secret('1')];
      const changes = await world.sync(wanted, { garbageCollection: 'on' });
      expect(outcomes(changes)).toMatchObject({
        'shop:configmap/a': 'configured',
        'shop:configmap/b': 'unchanged',
        'shop:configmap/gone': 'held',
        'shop:secret/s': outcome,
      });
      expect(changes.find(({ id }) => id === 'shop:secret/s')?.error).toMatchObject({
        code: 'cluster/forbidden',
        message: expect.stringContaining('cannot do that'),
        help: expect.stringContaining('RBAC'),
      });
      expect(world.proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);

      world.proxy.intercept = undefined;
      await world.time.pass(MINUTE);
      expect(outcomes(await world.sync(wanted, { garbageCollection: 'on' }))).toMatchObject({
        'shop:configmap/gone': 'deleted',
        'shop:secret/s': 'created',
      });
    },
  );

  test('taken away between plan and apply: what is forbidden is told, the rest is applied', async () => {
    const world = await startWorld();
    const plan = await world.time.during(world.cluster.plan(request([configMap('a'), secret('1')])));
    world.proxy.intercept = forbidden(isSecrets);
    const changes = await world.time.during(world.cluster.apply(plan));
    expect(outcomes(changes)).toEqual({ 'shop:configmap/a': 'created', 'shop:secret/s': 'failed' });
    expect(changes[1]?.error).toMatchObject({ code: 'cluster/forbidden' });
  });
});
