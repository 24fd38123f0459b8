import { expect, test } from 'vitest';
import { createMetrics } from '../../src/base/index.ts';
import { daemonOf, type Sent, serveByTls } from './daemon-fixture.ts';
import { reviewByRbac } from './rbac.ts';
import { ROUTES } from './routes.ts';

/** Text that a client chose, and that must not come back as a label. */
const MARK = 'chosen-by-a-client';

/** What is wrong with a request in as many ways as there are answers. */
function hostile(path: string, { method = 'GET', ...sent }: Sent, number: number): readonly (readonly [string, Sent])[] {
  const json = { 'content-type': 'application/json' };
  return [
    [path, { method, ...sent }],
    [`${path}${path.includes('?') ? '&' : '?'}x=${MARK}-${number}`, { method, ...sent }],
    [`${path}/${MARK}-${number}`, { method, ...sent }],
    [path, { method: ['PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH'][number % 5] ?? '', headers: json }],
    [path, { method, headers: { host: `${MARK}-${number}` } }],
    [
      path,
      { method, headers: { ...json, authorization: `Bearer ${MARK}-${number}` }, ...(sent.body ? { body: `{"${MARK}` } : {}) },
    ],
    [path, { method, headers: { 'content-type': `${MARK}/${number}` }, ...(sent.body ? { body: sent.body } : {}) }],
  ];
}

test('S-083: whatever clients send, there are at most 2,000 series, and none bears what they chose', async () => {
  const metrics = await createMetrics({ version: '1' });
  let at = '10.1.2.3';
  const review = reviewByRbac;
  await using api = await serveByTls(daemonOf(), review, () => at, { onAnswer: metrics.request, metrics: metrics.render });
  let number = 0;
  for (const address of ['10.1.2.3', '127.0.0.1']) {
    at = address;
    for (const [path, sent] of Object.values(ROUTES))
      for (const [target, request] of hostile(path, sent, ++number)) await api.send(target, request);
  }
  const { body } = await metrics.render();
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(samples.filter((line) => line.startsWith('flux_request_duration_seconds_count')).length).toBeGreaterThan(50);
  expect(samples.length).toBeLessThanOrEqual(2000);
  expect(body).not.toContain(MARK);
});
