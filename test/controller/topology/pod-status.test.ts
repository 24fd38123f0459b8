import { expect, test } from 'vitest';
import { containersOfPod, podVerdict } from '../../../src/controller/topology/pod-status.ts';
import type { ContainerPhase, ContainerState, PodState } from '../../../src/resource/index.ts';

const container = (now: ContainerPhase, others: Partial<ContainerState> = {}): ContainerState => ({
  name: 'cart',
  image: 'acme/cart:2',
  ready: false,
  restarts: 0,
  now,
  ...others,
});
const pod = (others: Partial<PodState>): PodState => ({
  name: 'cart-1',
  phase: 'Running',
  ready: false,
  ending: false,
  containers: [],
  ...others,
});
const waiting = (reason: string) => container({ state: 'waiting', reason, message: 'password=1' });
const ended = (exitCode: number, reason = 'Error') => container({ state: 'terminated', reason, exitCode, message: 'password=1' });

test.each<[string, Partial<PodState>, string, string]>([
  ['ready', { ready: true, containers: [container({ state: 'running' }, { ready: true })] }, 'ok', 'ready'],
  ['ready again', { containers: [container({ state: 'running' }, { restarts: 2 })] }, 'waiting', 'not ready'],
  ['on its way', { phase: 'Pending', containers: [waiting('ContainerCreating')] }, 'waiting', 'is starting'],
  ['without a node', { phase: 'Pending', unscheduled: 'Unschedulable: 0/1 nodes' }, 'waiting', 'no node takes it'],
  ['without its image', { phase: 'Pending', containers: [waiting('ImagePullBackOff')] }, 'failed', 'ImagePullBackOff'],
  ['that ends again and again', { containers: [ended(137, 'OOMKilled')] }, 'failed', 'OOMKilled, exit code 137'],
  ['of a job that is done', { phase: 'Succeeded', containers: [ended(0, 'Completed')] }, 'ok', 'has completed'],
  ['of a job that failed', { phase: 'Failed', containers: [ended(1)] }, 'failed', 'Error, exit code 1'],
  ['that was evicted', { phase: 'Failed', reason: 'Evicted' }, 'failed', 'Evicted'],
  ['that goes', { ending: true, containers: [ended(137)] }, 'waiting', 'is being deleted'],
])('a pod %s', (_, parts, status, text) => {
  expect(podVerdict(pod(parts))).toEqual({ status, text });
});

test.each<[string, ContainerState, string, string]>([
  ['that runs', container({ state: 'running' }, { ready: true }), 'ok', 'running'],
  ['that was restarted', container({ state: 'running' }, { ready: true, restarts: 1 }), 'ok', 'running, 1 restart'],
  ['that is not ready', container({ state: 'running' }), 'waiting', 'not ready'],
  ['that crashes', { ...waiting('CrashLoopBackOff'), restarts: 7 }, 'failed', 'CrashLoopBackOff, 7 restarts'],
  ['that prepared the others', ended(0, 'Completed'), 'ok', 'has completed'],
  ['that no kubelet knows', container({ state: 'unknown' }), 'waiting', 'not started'],
])('a container %s', (_, state, status, text) => {
  expect(containersOfPod(pod({ containers: [state] }))).toEqual([{ name: 'cart', image: 'acme/cart:2', status, text }]);
});
