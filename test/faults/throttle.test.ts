import { describe, expect, test } from 'vitest';
import type { Fault } from '../e2e/harness/fault.ts';
import { startEngine } from './engine.ts';
import { configMap, maps, namespace, yaml } from './manifests.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const FILES = { 'namespace.yaml': yaml(namespace('shop')), ...maps(30) };

function tooMany(retryAfter: string | undefined): Fault {
  return {
    kind: 'answer',
    status: 429,
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'TooManyRequests',
      message: 'too many requests',
      code: 429,
    },
  };
}

describe('R-003: an API server that asks for time', () => {
  test.for<[string, (now: number) => string | undefined, number]>([
    ['seconds', () => '5', 5 * SECOND],
    ['a date', (now) => new Date(now + 20 * SECOND).toUTCString(), 19 * SECOND],
    ['far too many seconds', () => '999999', 5 * MINUTE],
  ])(
    'Retry-After in %s is kept by all requests, for five minutes at most, and then all is applied',
    async ([, header, pauseMs]) => {
      const engine = await startEngine(FILES, {
        before: ({ proxy, clock }) => {
          proxy.intercept = () => tooMany(header(clock.now()));
        },
      });
      const { time, proxy, clock, repository, daemon } = engine;
      await time.until('refused', () => proxy.requests.some(({ status }) => status === 429), MINUTE);
      const refusedAt = clock.now();
      await time.pass(pauseMs - 1);
      // Those that were on their way when the first was refused.
      expect(proxy.requests.filter(({ at }) => at > refusedAt)).toEqual([]);
      expect(proxy.requests.length).toBeLessThan(100);

      await time.pass(10 * MINUTE);
      expect(daemon.readiness()).toEqual({ ready: false, reason: expect.stringContaining('too many requests') });
      const pauses = proxy.requests.map(({ at }, n) => at - (proxy.requests[n - 1]?.at ?? 0)).filter((ms) => ms > 0);
      // Bursts that wake together are one pause apart.
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(pauseMs);

      proxy.intercept = undefined;
      await time.until('synced', () => repository.tag !== undefined, pauseMs + 30 * SECOND);
      expect(repository.record()?.counts).toEqual({ created: 31 });
    },
  );

  test('without Retry-After the pauses grow, and the rate falls below one request a second', async () => {
    const engine = await startEngine(FILES, {
      before: ({ proxy }) => {
        proxy.intercept = () => tooMany(undefined);
      },
    });
    const { time, proxy, repository } = engine;
    await time.pass(10 * MINUTE);
    expect(proxy.requests.length).toBeLessThanOrEqual(600);
    const late = proxy.requests.filter(({ at }) => at > engine.clock.now() - 5 * MINUTE);
    expect(late.length).toBeLessThanOrEqual(150);
    proxy.intercept = undefined;
    await time.until('synced', () => repository.tag !== undefined, 30 * SECOND);
  });

  test('objects of one namespace that are always refused do not keep the others waiting', async () => {
    const many = (name: string) => Array.from({ length: 20 }, (_, n) => configMap(`map-${n}`, {}, name));
    const files = { 'all.yaml': yaml(namespace('busy'), namespace('calm'), ...many('busy'), ...many('calm')) };
    const engine = await startEngine(files, {
      before: ({ proxy }) => {
        proxy.intercept = ({ method, path }) => (method === 'PATCH' && path.includes('/busy/') ? tooMany('5') : undefined);
      },
    });
    const { time, proxy, person, repository } = engine;
    await time.until('synced', () => repository.tag !== undefined, 3 * MINUTE);
    expect(repository.record()?.counts).toEqual({ created: 22, failed: 20 });
    expect((await person.list('api/v1/namespaces/calm/configmaps')).length).toBeGreaterThanOrEqual(20);

    proxy.intercept = undefined;
    await time.until('whole', () => repository.record()?.counts.created === 20, 60 * SECOND);
  });
});
