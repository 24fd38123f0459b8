import { describe, expect, onTestFinished, test } from 'vitest';
import { startKubernetes } from '../../../src/sim/index.ts';
import { send } from './log-client.ts';

const PODS = '/api/v1/namespaces/default/pods';
const place = { namespace: 'default', pod: 'web', container: 'web' };

async function startPod(runs: 'runs' | 'missing' = 'runs') {
  const kubernetes = await startKubernetes({
    runOf: () => ({ state: runs }),
    usageOf: ({ container }) => (container === 'web' ? { cpu: '1m', memory: '1Mi' } : undefined),
  });
  onTestFinished(() => kubernetes.stop());
  const get = (path: string) => send(kubernetes, 'GET', path);
  const spec = { containers: ['web', 'log'].map((name) => ({ name, image: 'acme/web:1' })) };
  await send(kubernetes, 'POST', PODS, JSON.stringify({ metadata: { name: 'web', labels: { app: 'web' } }, spec }));
  return { kubernetes, get };
}

describe('the log of a pod', () => {
  test('has what was written, with times on demand', async () => {
    const { kubernetes, get } = await startPod();
    kubernetes.logs.write(place, 'one\ntwo\n');
    expect((await get(`${PODS}/web/log?container=web`)).body).toBe('one\ntwo\n');
    expect((await get(`${PODS}/web/log?container=web&tailLines=1`)).body).toBe('two\n');
    expect((await get(`${PODS}/web/log?container=web&limitBytes=5`)).body).toBe('one\nt');
    expect((await get(`${PODS}/web/log?container=web&tailLines=1&timestamps=true`)).body).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z two\n$/,
    );
    expect((await get(`${PODS}/web/log?container=web&sinceTime=2040-01-01T00:00:00Z`)).body).toBe('');
  });

  test.each([
    ['?container=other', 400, 'container other is not valid for pod web'],
    ['', 400, 'a container name must be specified for pod web, choose one of: [web log]'],
    ['?container=web&previous=true', 400, 'previous terminated container "web" in pod "web" not found'],
    ['?container=web&sinceTime=yesterday', 400, 'parsing time'],
    ['?container=web&tailLines=-1', 422, 'must be greater than or equal to 0'],
    ['?container=web&limitBytes=0', 422, 'must be greater than or equal to 1'],
  ])('is refused for %j', async (query, status, message) => {
    const { get } = await startPod();
    const answer = await get(`${PODS}/web/log${query}`);
    expect([answer.status, JSON.parse(answer.body).message]).toEqual([status, expect.stringContaining(message)]);
  });

  test('of a container before its restart is the previous one', async () => {
    const { kubernetes, get } = await startPod();
    kubernetes.logs.write(place, 'before');
    kubernetes.logs.restart(place);
    expect((await get(`${PODS}/web/log?container=web&previous=true`)).body).toBe('before\n');
    expect((await get(`${PODS}/web/log?container=web`)).body).toBe('');
  });
});

test('usage of pods is served as metrics-server does', async () => {
  const { get } = await startPod();
  const metrics = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods';
  expect(JSON.parse((await get(metrics)).body)).toMatchObject({
    kind: 'PodMetricsList',
    items: [
      {
        metadata: { name: 'web', creationTimestamp: expect.any(String) },
        containers: [{ name: 'web', usage: { cpu: '1m', memory: '1Mi' } }],
      },
    ],
  });
  expect(JSON.parse((await get(`${metrics}?labelSelector=app%3Dother`)).body).items).toEqual([]);
});
