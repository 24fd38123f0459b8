import { describe, expect, test } from 'vitest';
import { writesOf } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { sampled } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { maps, namespace, yaml } from './manifests.ts';
import { randomOf } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const OBJECTS = 20;
const BASE = { 'namespace.yaml': yaml(namespace('shop')) };

const status = (code: number, reason: string, message: string): Fault => ({
  kind: 'answer',
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code },
});
const REFUSED = status(422, 'Invalid', 'ConfigMap "x" is invalid: data: Invalid value');
const BROKEN = status(500, 'InternalError', 'etcdserver: request timed out');

/** k of the numbers below n, in an order that the seed determines. */
function sample(k: number, n: number, seed: number): ReadonlySet<number> {
  const random = randomOf(seed);
  return new Set(
    Array.from({ length: n }, (_, number) => ({ number, order: random() }))
      .sort((a, b) => a.order - b.order)
      .slice(0, k)
      .map(({ number }) => number),
  );
}

describe('R-013: objects that cannot be applied', () => {
  test.for(
    sampled(
      'numbers of objects that fail',
      Array.from({ length: OBJECTS }, (_, n) => n + 1),
      3,
    ),
  )(
    '%i of 20: the others are applied once, each of these is recorded and tried ever more rarely, and a commit that mends them clears all',
    async (k) => {
      const failing = sample(k, OBJECTS, k);
      const numberOf = (path: string) => Number(/\/configmaps\/map-(\d+)$/.exec(path)?.[1] ?? -1);
      const engine = await startEngine(
        { ...BASE, ...maps(OBJECTS) },
        {
          before: ({ proxy }) => {
            proxy.intercept = ({ method, path, body }) =>
              method === 'PATCH' && failing.has(numberOf(path)) && !body.includes('mended') ? REFUSED : undefined;
          },
        },
      );
      const { time, repository, proxy, daemon } = engine;
      await time.until('synced', () => repository.tag !== undefined, 10 * SECOND);
      expect(repository.record()?.counts).toEqual({ failed: k, created: OBJECTS + 1 - k });
      const recorded = repository.record()?.changes.filter(({ outcome }) => outcome === 'failed') ?? [];
      expect(recorded.map(({ id }) => id).sort()).toEqual([...failing].map((n) => `shop:configmap/map-${n}`).sort());

      await time.pass(5 * MINUTE);
      const tries = Map.groupBy(
        writesOf(proxy).filter(({ method }) => method === 'PATCH'),
        ({ path }) => numberOf(path),
      );
      for (let n = 0; n < OBJECTS; n += 1) {
        const times = (tries.get(n) ?? []).map(({ at }) => at);
        if (!failing.has(n)) expect(times, `map-${n}`).toHaveLength(1);
        else {
          // After 2, 4, 8 … 256 s; each pause is half of that or more.
          expect(times.length, `map-${n}`).toBeGreaterThanOrEqual(5);
          expect(times.length, `map-${n}`).toBeLessThanOrEqual(9);
        }
      }

      const revision = repository.commit({ ...BASE, ...maps(OBJECTS, { a: 'mended' }) });
      daemon.startSync();
      await time.until('mended', () => repository.tag === revision, 10 * SECOND);
      expect(repository.record()?.counts).toEqual({
        created: k,
        unchanged: 1,
        ...(k < OBJECTS ? { configured: OBJECTS - k } : {}),
      });
    },
  );

  test('what the server failed to do is tried again within half a minute, for as long as it takes', async () => {
    const engine = await startEngine(
      { ...BASE, ...maps(3) },
      {
        before: ({ proxy }) => {
          proxy.intercept = ({ method, path }) => (method === 'PATCH' && path.endsWith('map-1') ? BROKEN : undefined);
        },
      },
    );
    const { time, repository, proxy, log } = engine;
    await time.pass(20 * MINUTE);
    expect(repository.record()?.counts).toEqual({ created: 3, failed: 1 });
    expect(log.filter(({ msg }) => msg === 'object failed')).toHaveLength(1);
    proxy.intercept = undefined;
    await time.until('whole', () => repository.record()?.counts.created === 1, 30 * SECOND);
  });
});
