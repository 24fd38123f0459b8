import { expect, test } from 'vitest';
import { automationSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const json = { 'content-type': 'application/json' };

test('says who has suspended automation, why and since when, and where that is remembered', async () => {
  const suspension = { user: 'Ann', message: 'audit', since: Date.parse('2026-12-01T10:00:00Z') };
  const why = new FluxError('dial https://u:hunter2@h failed', { code: 'cluster/forbidden' });
  const automation = async () => [
    { source: 'a', suspension, memory: { in: 'cluster' as const } },
    { source: 'b', memory: { in: 'process' as const, why } },
    { source: 'c', memory: { in: 'unread' as const } },
  ];
  await using api = await serve(daemonOf({ automation }));
  const { status, body } = await api.get('/api/v1/automation');
  expect(status).toBe(200);
  expect(automationSchema.parse(JSON.parse(body))).toEqual({
    sources: [
      {
        name: 'a',
        suspension: { user: 'Ann', message: 'audit', since: '2026-12-01T10:00:00.000Z' },
        memory: { in: 'cluster' },
      },
      { name: 'b', memory: { in: 'process', reason: 'dial https://u:***@h failed' } },
      { name: 'c', memory: { in: 'unread' } },
    ],
  });
});

test.each(['suspend', 'resume'])('%s passes on who and why, which may be absent', async (verb) => {
  await using api = await serve();
  const path = `/api/v1/automation/${verb}`;
  expect((await api.post(path, '{"user":"Ann","message":"audit"}', json)).status).toBe(200);
  expect((await api.post(path, '{}', json)).status).toBe(200);
  expect(api.calls).toEqual([
    { name: `${verb}Automation`, argument: { user: 'Ann', message: 'audit' } },
    { name: `${verb}Automation`, argument: { user: '', message: '' } },
  ]);
});

test.each(['', '[]', '{', '{"user":1}', '{"all":true}', `{"user":"${'x'.repeat(257)}"}`, `{"message":"${'x'.repeat(1001)}"}`])(
  'the body %s changes nothing',
  async (body) => {
    await using api = await serve();
    for (const verb of ['suspend', 'resume']) expect((await api.post(`/api/v1/automation/${verb}`, body, json)).status).toBe(400);
    expect(api.calls).toEqual([]);
  },
);

test('a suspension that would not last is refused, with what to do', async () => {
  const refusal = new FluxError('automation is not suspended', { code: 'memory/not-kept', fault: 'user', help: 'Grant it.' });
  await using api = await serve(daemonOf({ suspendAutomation: () => Promise.reject(refusal) }));
  const { status, body } = await api.post('/api/v1/automation/suspend', '{}', json);
  expect([status, JSON.parse(body)]).toEqual([422, expect.objectContaining({ code: 'memory/not-kept', help: 'Grant it.' })]);
});
