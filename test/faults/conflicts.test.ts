import { describe, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { configMap, configMapPath, namespace, yaml } from './manifests.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DEPLOYMENT = 'apis/apps/v1/namespaces/shop/deployments/web';

const deployment = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
  },
});

const conflict = {
  kind: 'answer',
  status: 409,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Conflict',
    message: 'Operation cannot be fulfilled on configmaps "a": the object has been modified',
    code: 409,
  },
} as const;

describe('R-011: other writers', () => {
  test('a conflict at every third try: all is applied, and each object as often as needed', async () => {
    let tries = 0;
    const maps = Array.from({ length: 10 }, (_, n) => configMap(`m${n}`));
    const engine = await startEngine(
      { 'all.yaml': yaml(namespace('shop'), ...maps) },
      {
        before: ({ proxy }) => {
          proxy.intercept = ({ method }) => (method === 'PATCH' && ++tries % 3 === 0 ? conflict : undefined);
        },
      },
    );
    await engine.time.until('synced', () => engine.repository.tag !== undefined, MINUTE);
    expect(engine.repository.record()?.counts).toEqual({ created: 11 });
    const done = engine.proxy.requests.filter(({ method, status = 0 }) => method === 'PATCH' && status < 300);
    expect(done).toHaveLength(11);
  });

  test('a conflict that never ends: the object is told, the others are applied, and it is tried twice a minute at most', async () => {
    const engine = await startEngine(
      { 'all.yaml': yaml(namespace('shop'), configMap('a'), configMap('b')) },
      {
        before: ({ proxy }) => {
          proxy.intercept = ({ method, path }) => (method === 'PATCH' && path.endsWith('/a') ? conflict : undefined);
        },
      },
    );
    const { time, repository, proxy } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    expect(repository.record()?.counts).toEqual({ created: 2, failed: 1 });
    await time.pass(30 * MINUTE);
    const late = proxy.requests.filter(
      ({ at, path, method }) => method === 'PATCH' && path.endsWith('/a') && at > engine.clock.now() - 20 * MINUTE,
    );
    // A sync tries it six times.
    expect(late.length).toBeLessThanOrEqual(20 * 4 * 6);
    proxy.intercept = undefined;
    await time.until('whole', () => repository.record()?.counts.created === 1, 30 * SECOND);
  });

  test('an autoscaler that sets replicas once a minute for an hour: the number stays theirs, and costs no write', async () => {
    const engine = await startEngine({ 'all.yaml': yaml(namespace('shop'), deployment('acme/web:1')) });
    const { time, repository, proxy, person, daemon } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    proxy.clear();
    for (let minute = 1; minute <= 60; minute += 1) {
      await person.patch(`${DEPLOYMENT}/scale`, { spec: { replicas: 3 + (minute % 5) } });
      await time.pass(MINUTE);
    }
    expect(proxy.requests.filter(({ method, path }) => method === 'PATCH' && path.endsWith('/web')).length).toBeLessThanOrEqual(
      1,
    );
    expect(await person.get(DEPLOYMENT)).toMatchObject({ spec: { replicas: 3 } });

    // A commit that is about something else does not take them back either.
    const revision = repository.commit({ 'all.yaml': yaml(namespace('shop'), deployment('acme/web:2')) });
    daemon.startSync();
    await time.until('synced', () => repository.tag === revision, MINUTE);
    expect(await person.get(DEPLOYMENT)).toMatchObject({
      spec: { replicas: 3, template: { spec: { containers: [{ image: 'acme/web:2' }] } } },
    });
  });

  test('a person who changes a field of ours once: it is put back, once', async () => {
    const engine = await startEngine({ 'all.yaml': yaml(namespace('shop'), configMap('a')) });
    const { time, repository, proxy, person } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    proxy.clear();
    await person.patch(configMapPath('a'), { data: { a: 'mine' } });
    await time.until(
      'put back',
      () => proxy.requests.some(({ method, status }) => method === 'PATCH' && status === 200),
      2 * SECOND,
    );
    await time.pass(60 * MINUTE);
    expect((await person.get(configMapPath('a'))).data).toEqual({ a: 'b' });
    expect(proxy.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  test.runIf(thorough('a field that a controller takes again and again'))(
    'a controller that takes a field of ours again and again: corrected ever more rarely, at last every ten minutes, and told',
    async () => {
      const engine = await startEngine({ 'all.yaml': yaml(namespace('shop'), configMap('a')) });
      const { time, clock, repository, proxy, person } = engine;
      await time.until('synced', () => repository.tag !== undefined, MINUTE);
      proxy.clear();
      const corrections = () => proxy.requests.filter(({ method, path }) => method === 'PATCH' && path.endsWith('/a'));
      for (let minute = 0; minute < 100; minute += 1) {
        await person.patch(configMapPath('a'), { data: { a: 'theirs' } });
        await time.pass(MINUTE);
      }
      const late = corrections().filter(({ at }) => at > clock.now() - 60 * MINUTE);
      expect(corrections().length).toBeGreaterThan(late.length);
      expect(late.length).toBeGreaterThanOrEqual(4);
      expect(late.length).toBeLessThanOrEqual(7);
      const report = await engine.sync();
      expect(JSON.stringify(report.changes)).toMatch(/kubectl-edit/);
    },
  );
});
