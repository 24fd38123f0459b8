import { describe, expect, test } from 'vitest';
import { type Recorded, writesOf } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { sampled } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { configMapPath, maps, namespace, yaml } from './manifests.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const BASE = { 'namespace.yaml': yaml(namespace('shop')) };

function refusal(code: number, reason: string, message: string): Fault {
  return { kind: 'answer', status: code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code } };
}

const isMap0 = ({ path }: Recorded) => path === `/${configMapPath('map-0')}`;

/** What an API server answers when an admission webhook stands in the way; `within` bounds how long the object waits after it is gone. */
const OBSTACLES: readonly (readonly [
  string,
  Fault,
  { readonly says: RegExp; readonly tries: number; readonly withinMs: number },
])[] = [
  [
    'denies it',
    refusal(400, 'BadRequest', 'admission webhook "tags.acme.io" denied the request: the tag latest is not allowed'),
    { says: /"tags\.acme\.io" denied the request: the tag latest is not allowed/, tries: 12, withinMs: 5 * MINUTE },
  ],
  [
    'does not answer in time',
    refusal(
      500,
      'InternalError',
      'Internal error occurred: failed calling webhook "tags.acme.io": failed to call webhook: Post "https://tags.acme.svc:443/?timeout=10s": context deadline exceeded',
    ),
    { says: /"tags\.acme\.io".*context deadline exceeded/, tries: 45, withinMs: 30 * SECOND },
  ],
  [
    'cannot be reached',
    refusal(
      500,
      'InternalError',
      'Internal error occurred: failed calling webhook "tags.acme.io": failed to call webhook: Post "https://tags.acme.svc:443/?timeout=10s": dial tcp 10.96.0.7:443: connect: connection refused',
    ),
    { says: /"tags\.acme\.io".*connection refused/, tries: 45, withinMs: 30 * SECOND },
  ],
];

describe('R-012: an admission webhook', () => {
  test.for(sampled('obstacles to writes', OBSTACLES, 2))(
    'that %s: the object is told with the name of the webhook, all others are applied, and it follows',
    async ([, fault, { says, tries, withinMs }]) => {
      const engine = await startEngine(
        { ...BASE, ...maps(5) },
        {
          before: ({ proxy }) => {
            proxy.intercept = (recorded) => (recorded.method === 'PATCH' && isMap0(recorded) ? fault : undefined);
          },
        },
      );
      const { time, repository, proxy, log } = engine;
      await time.until('synced', () => repository.tag !== undefined, 10 * SECOND);
      expect(repository.record()?.counts).toEqual({ created: 5, failed: 1 });
      expect(repository.record()?.changes.find(({ outcome }) => outcome === 'failed')).toMatchObject({
        id: 'shop:configmap/map-0',
        reason: expect.stringMatching(says),
      });

      await time.pass(10 * MINUTE);
      const sent = writesOf(proxy).filter(({ method }) => method === 'PATCH');
      expect(sent.filter(isMap0).length).toBeGreaterThan(3);
      expect(sent.filter(isMap0).length).toBeLessThanOrEqual(tries);
      expect(sent.filter((recorded) => !isMap0(recorded))).toHaveLength(5);
      // Told once, not at every try.
      expect(log.filter(({ msg }) => msg === 'object failed')).toHaveLength(1);

      proxy.intercept = undefined;
      await time.until('it is there', () => repository.record()?.counts.created === 1, withinMs);
      expect((await engine.person.get(configMapPath('map-0'))).data).toEqual({ a: 'b' });
    },
  );

  test.for<[string, (object: { data: Record<string, string>; metadata: { labels: Record<string, string> } }) => void]>([
    ['adds a field', (object) => Object.assign(object.metadata.labels, { injected: 'yes' })],
    ['changes a value of ours', (object) => Object.assign(object.data, { a: 'mutated' })],
  ])('that %s: the object is written once in an hour', async ([, mutate]) => {
    const engine = await startEngine(
      { ...BASE, ...maps(3) },
      {
        before: ({ proxy }) => {
          proxy.intercept = ({ method, path }) =>
            method === 'PATCH' && path.includes('configmaps')
              ? {
                  kind: 'rewrite',
                  request: (body) => {
                    const object = JSON.parse(body);
                    mutate(object);
                    return JSON.stringify(object);
                  },
                }
              : undefined;
        },
      },
    );
    await engine.time.pass(60 * MINUTE);
    const { proxy, repository } = engine;
    expect(proxy.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('configmaps'))).toHaveLength(3);
    expect(repository.record()?.counts).toEqual({ created: 4 });
  });

  test('that refuses deletions only: they stay due and are tried ever more rarely, syncing goes on, and in the end they are done', async () => {
    const engine = await startEngine({ ...BASE, ...maps(10) }, { flags: ['--sync-garbage-collection'] });
    const { time, repository, proxy, person, daemon } = engine;
    await time.until('synced', () => repository.tag !== undefined, MINUTE);
    proxy.clear();
    proxy.intercept = ({ method }) =>
      method === 'DELETE'
        ? refusal(403, 'Forbidden', 'admission webhook "keep.acme.io" denied the request: not on Fridays')
        : undefined;
    repository.commit({ ...BASE, ...maps(9) });
    daemon.startSync();
    await time.pass(10 * MINUTE);
    const trouble = repository.record()?.changes.find(({ id }) => id === 'shop:configmap/map-9');
    expect(trouble).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('"keep.acme.io" denied the request') });

    const revision = repository.commit({ ...BASE, ...maps(9, { a: 'changed' }) });
    daemon.startSync();
    await time.until('the next commit is applied', () => repository.tag === revision, 10 * SECOND);
    expect((await person.get(configMapPath('map-3'))).data).toEqual({ a: 'changed' });
    await time.pass(50 * MINUTE);
    expect(proxy.requests.filter(({ method }) => method === 'DELETE').length).toBeLessThanOrEqual(60);

    proxy.intercept = undefined;
    await time.pass(6 * MINUTE);
    expect(await person.find(configMapPath('map-9'))).toBeUndefined();
    expect(await person.find(configMapPath('map-8'))).toBeDefined();
  });
});
