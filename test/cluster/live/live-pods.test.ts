import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { livePod } from '../../../src/cluster/live/live-pod.ts';
import type { ResourceRight } from '../../../src/resource/index.ts';
import { question, startPods, WEB } from './world.ts';

const usageOf = ({ container }: { readonly container: string }) =>
  container === 'web' ? { cpu: '250000000n', memory: '98304Ki' } : undefined;

describe('the pods of a workload', () => {
  test('are those that it owns, with what their containers request, may use and use', async () => {
    const { reads, own, proxy } = await startPods({ usageOf });
    proxy.clear();
    const { pods, isCut, usage } = await reads.pods(question);
    expect(pods.map(({ name }) => name).toSorted()).toEqual(own);
    expect({ isCut, usage }).toEqual({ isCut: false, usage: { state: 'read' } });
    const [pod] = pods;
    expect(pod).toMatchObject({ phase: 'Running', ready: true, ending: false, createdAt: expect.any(Number) });
    expect(pod?.containers.map(({ name, type }) => [name, type])).toEqual([
      ['migrate', 'init'],
      ['mesh', 'sidecar'],
      ['web', 'main'],
      ['log', 'main'],
    ]);
    expect(pod?.containers[2]).toMatchObject({
      requests: { cpu: 0.1, memory: 64 * 2 ** 20 },
      limits: { cpu: 1, memory: 1.5 * 2 ** 30 },
      usage: { cpu: 0.25, memory: 96 * 2 ** 20 },
    });
    expect(pod?.containers[3]).toMatchObject({ requests: {}, limits: {} });
    expect(pod?.containers[3]).not.toHaveProperty('usage');
    expect(proxy.requests.filter(({ path }) => path.includes('/namespaces/')).map(({ path }) => path)).toEqual([
      '/apis/apps/v1/namespaces/default/deployments/web',
      '/apis/apps/v1/namespaces/default/replicasets',
      '/api/v1/namespaces/default/pods',
      '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods',
    ]);
  });

  test('have no usage where no metrics-server runs, and that is said', async () => {
    const { reads } = await startPods();
    const { pods, usage } = await reads.pods(question);
    expect(usage).toEqual({ state: 'not-served' });
    expect(pods.flatMap(({ containers }) => containers).some((container) => 'usage' in container)).toBe(false);
  });

  test('have no usage while metrics-server is not ready, and that is said', async () => {
    const { reads, proxy, own } = await startPods({ usageOf });
    // What an API server answers where an APIService is not available.
    const unavailable = {
      kind: 'answer',
      status: 503,
      headers: { 'content-type': 'text/plain' },
      body: 'service unavailable\n',
    } as const;
    proxy.intercept = ({ path }) => (path.startsWith('/apis/metrics.k8s.io/') ? unavailable : undefined);
    const { pods, usage } = await reads.pods(question);
    expect(usage).toEqual({ state: 'unread', reason: 'metrics-server does not answer: service unavailable' });
    expect(pods.map(({ name }) => name).toSorted()).toEqual(own);
  });

  test('need a right for each read; without that to usage, the rest is read', async () => {
    const { reads, own } = await startPods({ usageOf });
    const asked: ResourceRight[] = [];
    const without = (denied: string) => async (right: ResourceRight) => {
      asked.push(right);
      if (`${right.resource}.${right.group}` === denied)
        throw new FluxError('ann may not', { code: 'api/forbidden', fault: 'user' });
    };
    for (const denied of ['deployments.apps', 'replicasets.apps', 'pods.'])
      await expect(reads.pods({ ...question, permit: without(denied) })).rejects.toMatchObject({ code: 'api/forbidden' });
    asked.length = 0;
    const { pods, usage } = await reads.pods({ ...question, permit: without('pods.metrics.k8s.io') });
    expect(usage).toEqual({ state: 'unread', reason: 'ann may not' });
    expect(pods.map(({ name }) => name).toSorted()).toEqual(own);
    expect(asked).toEqual([
      { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'default', name: 'web' },
      { verb: 'list', group: 'apps', resource: 'replicasets', namespace: 'default' },
      { verb: 'list', group: '', resource: 'pods', namespace: 'default' },
      { verb: 'list', group: 'metrics.k8s.io', resource: 'pods', namespace: 'default' },
    ]);
  });

  test('say how a container ended, without what its program said', () => {
    const terminated = { exitCode: 137, reason: 'OOMKilled', message: 'hunter2' };
    const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };
    const { containers } = livePod(
      {
        metadata: { name: 'web-1' },
        spec: { containers: [{ name: 'web' }, { name: 'log' }] },
        status: {
          containerStatuses: [
            { name: 'web', ready: false, restartCount: 3, state: { waiting }, lastState: { terminated } },
            { name: 'log', ready: false, restartCount: 0, state: { terminated } },
          ],
        },
      },
      { usage: new Map(), isHidden: false },
    );
    expect(containers).toMatchObject([
      { restarts: 3, now: { state: 'waiting', ...waiting }, last: { exitCode: 137, reason: 'OOMKilled', message: '' } },
      { now: { state: 'terminated', exitCode: 137, message: '' } },
    ]);
    expect(JSON.stringify(containers)).not.toContain('hunter2');
  });

  test('of a workload made of encrypted files come without words of the cluster, requests and limits (S-074)', () => {
    const resources = { requests: { cpu: '731m' }, limits: { memory: '731Mi' } };
    const waiting = { reason: 'RunContainerError', message: 'exec: "--token=hunter2": not found' };
    const pod = livePod(
      {
        metadata: { name: 'web-1' },
        spec: { containers: [{ name: 'web', resources }] },
        status: {
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node has hunter2' }],
          containerStatuses: [{ name: 'web', ready: false, restartCount: 1, state: { waiting } }],
        },
      },
      { usage: new Map(), isHidden: true },
    );
    expect(pod.containers[0]).toMatchObject({ now: { reason: 'RunContainerError', message: '' }, requests: {}, limits: {} });
    expect(JSON.stringify(pod)).not.toMatch(/hunter2|731/);
  });

  test.each([
    ['made of encrypted files', { hidden: 'all' as const }, true],
    ['of plain ones', {}, false],
  ])('of a workload %s', async (_, others, isHidden) => {
    const { reads } = await startPods();
    const { pods } = await reads.pods({ ...question, desired: { ...question.desired, ...others } });
    const requests = pods.flatMap(({ containers }) => containers.flatMap(({ requests }) => Object.keys(requests)));
    expect([pods.length, requests.length === 0]).toEqual([2, isHidden]);
  });

  test('are none for a workload that is not in the cluster', async () => {
    const { reads } = await startPods();
    const object = { ...WEB, metadata: { name: 'gone', namespace: 'default' } };
    expect(await reads.pods({ ...question, id: 'default:deployment/gone', desired: { object } })).toMatchObject({
      pods: [],
      isCut: false,
    });
  });

  test('of a pod in Git are itself', async () => {
    const { reads, own } = await startPods();
    const [name = ''] = own;
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' } };
    const { pods } = await reads.pods({ ...question, id: `default:pod/${name}`, desired: { object } });
    expect(pods.map((pod) => pod.name)).toEqual([name]);
  });

  test('of an object that is no workload are refused', async () => {
    const { reads } = await startPods();
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'text', namespace: 'default' } };
    const asked = reads.pods({ ...question, id: 'default:configmap/text', desired: { object } });
    await expect(asked).rejects.toMatchObject({ code: 'live/no-pods', fault: 'missing' });
  });

  test('are at most a hundred', async () => {
    const { reads, kube } = await startPods();
    const { metadata } = await kube.get(`/apis/apps/v1/namespaces/default/deployments/web`);
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: metadata.uid, controller: true }];
    for (let index = 0; index < 100; index += 1)
      await kube.create('/api/v1/namespaces/default/pods', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `more-${index}`, labels: { app: 'web' }, ownerReferences },
        spec: { containers: [{ name: 'web', image: 'acme/web:1' }] },
      });
    const { pods, isCut } = await reads.pods(question);
    expect([pods.length, isCut]).toEqual([100, true]);
  });
});
