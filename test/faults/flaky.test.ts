import { describe, expect, test } from 'vitest';
import { type Recorded, writesOf } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { sampled } from '../support/sampled.ts';
import { type Engine, startEngine } from './engine.ts';
import { configMapPath, maps, namespace, yaml } from './manifests.ts';
import { pick, randomOf } from './random.ts';

const MINUTE = 60_000;
const BASE = { 'namespace.yaml': yaml(namespace('shop')) };

function serverError(random: () => number): Fault {
  const status = pick(random, [500, 502, 503, 504]);
  const body = pick<object | string>(random, [
    {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'InternalError',
      message: 'etcdserver: leader changed',
      code: status,
    },
    '<html><body>Bad Gateway</body></html>',
    '',
  ]);
  return { kind: 'answer', status, body };
}

/** Requests by the sync they belong to. */
function rounds({ log, proxy }: Engine): Recorded[][] {
  const starts = log.filter(({ msg }) => msg === 'sync started').map(({ at }) => at);
  return starts.map((start, n) =>
    proxy.requests.filter(({ at }) => at >= start && at < (starts[n + 1] ?? Number.POSITIVE_INFINITY)),
  );
}

const isDone = ({ status = 0 }: Recorded) => status >= 200 && status < 300;

describe('R-004: an API server that answers 5xx at random', () => {
  test.for(
    sampled(
      'kinds of random answers',
      ['GET', 'PATCH', 'DELETE', 'every verb'].flatMap((verb) => [1, 2].map((seed) => [verb, seed] as const)),
      2,
    ),
  )(
    'three in ten answers to %s, seed %i: all is applied and deleted, each object written as often as needed and no more',
    async ([verb, seed]) => {
      const random = randomOf(seed);
      const engine = await startEngine(
        { ...BASE, ...maps(20) },
        {
          flags: ['--sync-garbage-collection'],
          before: ({ proxy }) => {
            proxy.intercept = ({ method }) =>
              (verb === 'every verb' || method === verb) && random() < 0.3 ? serverError(random) : undefined;
          },
        },
      );
      const { time, repository, person, proxy } = engine;
      const stands = (count: number, greeting: string | undefined) => async () => {
        const found = (await person.list('api/v1/namespaces/shop/configmaps')).filter(({ metadata }) =>
          metadata.name.startsWith('map-'),
        );
        return found.length === count && found.every(({ data }) => data.a === greeting);
      };
      const isWhole = () => {
        const { failed, held } = repository.record()?.counts ?? {};
        return repository.tag === repository.head && !failed && !held;
      };
      await time.until('all is created', isWhole, 10 * MINUTE);
      expect(await stands(20, 'b')()).toBe(true);
      for (const path of Array.from({ length: 20 }, (_, n) => `/${configMapPath(`map-${n}`)}`)) {
        const sent = proxy.requests.filter((request) => request.path === path);
        expect(sent.filter(isDone)).toHaveLength(1);
      }

      proxy.clear();
      repository.commit({ ...BASE, ...maps(17, { a: 'changed' }) });
      engine.daemon.startSync();
      await time.until('all is changed, and what left is deleted', isWhole, 10 * MINUTE);
      expect(await stands(17, 'changed')()).toBe(true);
      for (const round of rounds(engine)) {
        const writes = Map.groupBy(writesOf({ requests: round }), ({ path }) => path);
        for (const [path, tries] of writes) expect(tries.length, path).toBeLessThanOrEqual(4);
        // Nothing is deleted before every apply of the round has succeeded.
        const applied = [...writes].filter(([, [first]]) => first?.method === 'PATCH');
        const deletedAt = round.find(({ method }) => method === 'DELETE')?.number;
        if (deletedAt === undefined) continue;
        for (const [path, tries] of applied) {
          const done = tries.find(isDone)?.number ?? Number.POSITIVE_INFINITY;
          expect(done, path).toBeLessThan(deletedAt);
        }
      }
    },
  );
});
