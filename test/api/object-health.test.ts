import { expect, test } from 'vitest';
import { healthSchema, problemSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

test('tells how the applied objects are, naming those that are not current', async () => {
  const objects = [
    { id: 'shop:deployment/web', state: 'failed' as const, message: 'cannot pull from https://u:hunter2@registry/web' },
    { id: 'shop:deployment/api', state: 'inProgress' as const, message: '0 of 1 replicas available' },
  ];
  const report = { revision: 'bb', settled: false, counts: { current: 7, failed: 1, inProgress: 1 }, objects };
  await using api = await serve(daemonOf({ health: async () => report }));
  const { status, headers, body } = await api.get('/api/v1/health');
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
  expect(healthSchema.parse(JSON.parse(body))).toEqual(JSON.parse(body));
  expect(JSON.parse(body)).toEqual({
    ...report,
    objects: [{ ...objects[0], message: 'cannot pull from https://u:***@registry/web' }, objects[1]],
  });
});

test.each([
  ['', 0],
  ['?wait=0', 0],
  ['?wait=60', 60_000],
])('/health%s asks the daemon to wait %i ms', async (query, ms) => {
  await using api = await serve();
  expect((await api.get(`/api/v1/health${query}`)).status).toBe(200);
  expect(api.calls).toEqual([{ name: 'health', argument: ms }]);
});

test.each(['61', '-1', 'x', '1.5', ''])('wait=%s is refused', async (wait) => {
  await using api = await serve();
  expect((await api.get(`/api/v1/health?wait=${wait}`)).status).toBe(400);
  expect(api.calls).toEqual([]);
});

test('before the first sync there is nothing to tell of', async () => {
  const health = async () => {
    throw new FluxError('nothing has been synced yet', {
      code: 'health/no-sync',
      fault: 'missing',
      help: 'Ask for a sync first.',
    });
  };
  await using api = await serve(daemonOf({ health }));
  const { status, body } = await api.get('/api/v1/health');
  expect(status).toBe(404);
  expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ code: 'health/no-sync', help: 'Ask for a sync first.' });
});

test('a client that goes away is not waited for', async () => {
  const [asked, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const health = ({ signal }: { readonly signal?: AbortSignal }) =>
    new Promise<never>((_, reject) => {
      asked.resolve();
      signal?.addEventListener('abort', () => {
        gone.resolve();
        reject(signal.reason);
      });
    });
  await using api = await serve(daemonOf({ health }));
  const client = new AbortController();
  const answer = fetch(`http://127.0.0.1:${api.port}/api/v1/health?wait=60`, { signal: client.signal });
  await asked.promise;
  client.abort();
  await expect(answer).rejects.toThrow();
  await gone.promise;
});
