import { expect, test } from 'vitest';
import { problemSchema, syncReportSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import type { SyncReport } from '../../src/controller/index.ts';
import { daemonOf, queuedSync, serve } from './daemon-fixture.ts';

const json = { 'content-type': 'application/json' };

test('asking for a sync says where to look for it', async () => {
  await using api = await serve();
  for (const body of ['', '{}']) {
    const { status, headers, body: text } = await api.post('/api/v1/syncs', body, json);
    expect({ status, location: headers.location }).toEqual({ status: 202, location: '/api/v1/syncs/s-1' });
    expect(syncReportSchema.parse(JSON.parse(text))).toMatchObject({ id: 's-1', state: 'queued' });
  }
});

test.each(['[]', '{"force":true}', 'null', '{'])('the body %s is refused, and nothing is synced', async (body) => {
  await using api = await serve();
  expect((await api.post('/api/v1/syncs', body, json)).status).toBe(400);
  expect(api.calls).toEqual([]);
});

test('a report holds everything fluxctl prints, in camelCase and with times as text', async () => {
  const error = new FluxError('denied by webhook', { code: 'cluster/refused', fault: 'user', help: 'Ask whoever runs it.' });
  const report: SyncReport = {
    id: 's-1',
    state: 'done',
    revision: 'bb',
    previous: 'aa',
    startedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
    finishedAt: Date.UTC(2026, 0, 2, 3, 4, 6, 7),
    counts: { unchanged: 5, held: 1 },
    changes: [
      { id: 'a:configmap/b', inGit: true, outcome: 'held', place: { file: 'a.yaml', document: 2, line: 7 }, reason: 'r', error },
    ],
    errors: [{ file: 'bad.yaml', line: 3, column: 9, error: new FluxError('bad.yaml is not YAML', { code: 'manifests/yaml' }) }],
    warnings: [],
    failure: new FluxError('fetch of https://u:hunter2@h/r failed', { code: 'git/fetch-failed' }),
  };
  await using api = await serve(daemonOf({ sync: () => report }));
  const { status, headers, body } = await api.get('/api/v1/syncs/s-1');
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
  expect(syncReportSchema.parse(JSON.parse(body))).toEqual(JSON.parse(body));
  expect(JSON.parse(body)).toEqual({
    id: 's-1',
    state: 'done',
    revision: 'bb',
    previous: 'aa',
    startedAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:04:06.007Z',
    counts: { unchanged: 5, held: 1 },
    changes: [
      {
        id: 'a:configmap/b',
        outcome: 'held',
        place: { file: 'a.yaml', document: 2, line: 7 },
        reason: 'r',
        error: { code: 'cluster/refused', message: 'denied by webhook', help: 'Ask whoever runs it.' },
      },
    ],
    errors: [{ file: 'bad.yaml', line: 3, column: 9, error: { code: 'manifests/yaml', message: 'bad.yaml is not YAML' } }],
    warnings: [],
    failure: { code: 'git/fetch-failed', message: 'fetch of https://u:***@h/r failed' },
  });
});

test('an unknown sync is a problem as RFC 9457 has it', async () => {
  const daemon = daemonOf({
    sync(id) {
      throw new FluxError(`unknown sync ${JSON.stringify(id)}`, { code: 'sync/unknown', fault: 'missing', help: 'Ask again.' });
    },
  });
  await using api = await serve(daemon);
  const { status, headers, body } = await api.get('/api/v1/syncs/a%2Fb');
  expect({ status, type: headers['content-type'] }).toEqual({ status: 404, type: 'application/problem+json' });
  expect(problemSchema.parse(JSON.parse(body))).toEqual({
    type: 'about:blank',
    title: 'Not Found',
    instance: '/api/v1/syncs/a%2Fb',
    status: 404,
    detail: 'unknown sync "a/b"',
    code: 'sync/unknown',
    help: 'Ask again.',
  });
});

test('an unknown route of the new API is a problem too', async () => {
  await using api = await serve();
  const { status, body } = await api.get('/api/v1/nope');
  expect(status).toBe(404);
  expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ code: 'api/not-found' });
});

test('waiting answers as soon as the sync is done', async () => {
  let state: SyncReport['state'] = 'running';
  const end = Promise.withResolvers<void>();
  await using api = await serve(daemonOf({ sync: (id) => ({ ...queuedSync(id), state }), syncDone: () => end.promise }));
  const answer = api.get('/api/v1/syncs/s-1?wait=60');
  await expect.poll(async () => (await api.get('/healthz')).status).toBe(200);
  state = 'done';
  end.resolve();
  expect(JSON.parse((await answer).body)).toMatchObject({ state: 'done' });
});

test('waiting ends when its time is over, or when the server closes', async () => {
  await using api = await serve();
  expect(JSON.parse((await api.get('/api/v1/syncs/s-1?wait=1')).body)).toMatchObject({ state: 'queued' });
  const closing = await serve();
  const answer = closing.get('/api/v1/syncs/s-1?wait=60');
  await expect.poll(async () => (await closing.get('/healthz')).status).toBe(200);
  await closing[Symbol.asyncDispose]();
  expect((await answer).status).toBe(200);
});

test.each(['61', '-1', 'x', '1.5', ''])('wait=%s is refused', async (wait) => {
  await using api = await serve();
  expect((await api.get(`/api/v1/syncs/s-1?wait=${wait}`)).status).toBe(400);
});
