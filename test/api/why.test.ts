import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import type { WhyAnswer } from '../../src/controller/index.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const answer: WhyAnswer = {
  answer: 'shop:deployment/web is not updated: https://ann:secret@git.example.org refuses.',
  state: 'failed',
  cause: 'commit/push-rejected',
  id: 'shop:deployment/web',
  links: [
    {
      kind: 'commit',
      container: 'web',
      state: 'failed',
      code: 'push-rejected',
      text: 'https://ann:secret@git.example.org refuses',
      since: Date.parse('2026-12-01T04:00:00.900Z'),
      facts: [{ name: 'url', value: 'https://ann:secret@git.example.org' }],
    },
    { kind: 'sync', state: 'ok', code: 'in-sync', text: 'as in revision 1', since: Number.NaN, facts: [] },
  ],
  next: { text: 'It is tried again.', at: Date.parse('2026-12-01T05:00:00Z') },
  tags: [{ container: 'web', tags: [{ tag: '1.1.0', code: 'banned', verdict: 'is banned' }] }],
  others: [{ state: 'ok', text: 'nothing is wrong with it' }],
};

describe('GET /api/v1/why', () => {
  test('sends the answer without passwords, and times as text', async () => {
    await using api = await serve(daemonOf({ why: async () => answer }));
    const { status, body } = await api.get('/api/v1/why?id=shop:deployment/web');
    expect(status).toBe(200);
    expect(body).not.toContain('secret');
    const parsed = JSON.parse(body);
    expect(parsed).toMatchObject({ cause: 'commit/push-rejected', next: { at: '2026-12-01T05:00:00Z' } });
    expect(parsed.links.map(({ since }: { since?: string }) => since)).toEqual(['2026-12-01T04:00:00Z', undefined]);
  });

  test.each([
    ['id=shop:deployment/web', { by: 'id', id: 'shop:deployment/web' }],
    ['id=shop:deployment/web&container=web', { by: 'id', id: 'shop:deployment/web', container: 'web' }],
    ['image=localhost:5000/web:1.1', { by: 'image', image: 'localhost:5000/web:1.1' }],
    ['image=web&namespace=shop', { by: 'image', image: 'web', namespace: 'shop' }],
    ['file=deploy/web.yaml', { by: 'file', file: 'deploy/web.yaml' }],
    ['file=deploy/web.yaml:12', { by: 'file', file: 'deploy/web.yaml', line: 12 }],
    ['file=deploy/a:b.yaml', { by: 'file', file: 'deploy/a:b.yaml' }],
  ])('%s', async (query, question) => {
    const daemon = daemonOf();
    await using api = await serve(daemon);
    expect((await api.get(`/api/v1/why?${query}`)).status).toBe(200);
    expect(daemon.calls).toEqual([{ name: 'why', argument: question }]);
  });

  test.each(['', 'id=', 'id=a:b/c&image=web', 'file=a&image=web', `id=${'x'.repeat(5000)}`])('refuses "%.20s"', async (query) => {
    await using api = await serve();
    const { status, body } = await api.get(`/api/v1/why?${query}`);
    expect({ status, code: JSON.parse(body).code }).toEqual({ status: 400, code: 'api/bad-request' });
  });

  test('an image that nothing uses is not found', async () => {
    const why = () =>
      Promise.reject(new FluxError('no workload uses it', { code: 'why/nothing-found', fault: 'missing', help: 'Look.' }));
    await using api = await serve(daemonOf({ why }));
    const { status, body } = await api.get('/api/v1/why?image=web');
    expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 404, code: 'why/nothing-found', help: 'Look.' });
  });
});
