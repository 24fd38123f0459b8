import { expect, test } from 'vitest';
import { heldDeletionsSchema, problemSchema, syncReportSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const json = { 'content-type': 'application/json' };
const HASH = '0123456789abcdef';

test('held deletions are listed with the hash of what waits for an approval', async () => {
  const deletion = { id: 'shop:configmap/a', uid: 'u-1' };
  const held = {
    hash: HASH,
    deletions: [{ ...deletion, reason: 'pull of https://u:hunter2@h/r failed' }],
    approved: { hash: HASH, deletions: [deletion] },
    orphans: [{ id: 'shop:configmap/b', uid: 'u-2' }, { id: 'shop:configmap/c' }],
  };
  await using api = await serve(daemonOf({ heldDeletions: () => held }));
  const { status, headers, body } = await api.get('/api/v1/gc');
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
  expect(heldDeletionsSchema.parse(JSON.parse(body))).toEqual(JSON.parse(body));
  expect(JSON.parse(body)).toEqual({ ...held, deletions: [{ ...deletion, reason: 'pull of https://u:***@h/r failed' }] });
});

test('an approval answers with the sync that carries it out', async () => {
  await using api = await serve();
  const { status, headers, body } = await api.post('/api/v1/gc/approvals', JSON.stringify({ hash: HASH }), json);
  expect({ status, location: headers.location }).toEqual({ status: 202, location: '/api/v1/syncs/s-1' });
  expect(syncReportSchema.parse(JSON.parse(body))).toMatchObject({ id: 's-1', state: 'queued' });
  expect(api.calls).toEqual([{ name: 'approveDeletions', argument: HASH }]);
});

test.each(['', '{}', '[]', '{', '{"hash":1}', '{"hash":"0123"}', `{"hash":"${HASH}","all":true}`, '{"hash":"../../../../.."}'])(
  'the body %s approves nothing',
  async (body) => {
    await using api = await serve();
    expect((await api.post('/api/v1/gc/approvals', body, json)).status).toBe(400);
    expect(api.calls).toEqual([]);
  },
);

const ORPHAN = { id: 'shop:configmap/b', uid: 'u-2' };

test('the deletion of orphans answers with the sync that carries it out (R-022)', async () => {
  await using api = await serve();
  const { status, headers } = await api.post('/api/v1/gc/orphan-deletions', JSON.stringify({ orphans: [ORPHAN] }), json);
  expect({ status, location: headers.location }).toEqual({ status: 202, location: '/api/v1/syncs/s-1' });
  expect(api.calls).toEqual([{ name: 'deleteOrphans', argument: [ORPHAN] }]);
});

test.each([
  {},
  { orphans: [] },
  { orphans: ['shop:configmap/b'] },
  { orphans: [{ id: 'shop:configmap/b' }] },
  { orphans: [ORPHAN], all: true },
])('the body %j deletes no orphan', async (body) => {
  await using api = await serve();
  expect((await api.post('/api/v1/gc/orphan-deletions', JSON.stringify(body), json)).status).toBe(400);
  expect(api.calls).toEqual([]);
});

test('an approval of a list that is not held any more is a conflict', async () => {
  const daemon = daemonOf({
    approveDeletions() {
      throw new FluxError('the list of held deletions is not x: it is y now', {
        code: 'gc/changed',
        fault: 'user',
        help: 'Look.',
      });
    },
  });
  await using api = await serve(daemon);
  const { status, body } = await api.post('/api/v1/gc/approvals', JSON.stringify({ hash: HASH }), json);
  expect(status).toBe(409);
  expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ code: 'gc/changed', help: 'Look.' });
});

test('none is served to the network', async () => {
  await using api = await serve(daemonOf(), { localAddress: '10.0.0.7' });
  expect((await api.get('/api/v1/gc')).status).toBe(403);
  expect((await api.post('/api/v1/gc/approvals', JSON.stringify({ hash: HASH }), json)).status).toBe(403);
  expect((await api.post('/api/v1/gc/orphan-deletions', JSON.stringify({ orphans: [ORPHAN] }), json)).status).toBe(403);
  expect(api.calls).toEqual([]);
});
