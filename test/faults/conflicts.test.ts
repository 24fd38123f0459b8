import { describe, expect, test } from 'vitest';
import { startEngine } from './engine.ts';
import { configMap, configMapPath, namespace, yaml } from './manifests.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
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

  test('a person who changes a field of ours once: it is put back, once', async () => {
    const engine = await startEngine({ 'all.yaml': yaml(namespace('shop'), configMap('a')) });
    const { time, repository, proxy, person } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    proxy.clear();
    await person.patch(configMapPath('a'), { data: { a: 'mine' } });
    await time.pass(60 * MINUTE);
    expect((await person.get(configMapPath('a'))).data).toEqual({ a: 'b' });
    expect(proxy.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });
});
