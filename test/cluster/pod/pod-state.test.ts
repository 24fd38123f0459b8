import { expect, test } from 'vitest';
import { podStateOf } from '../../../src/cluster/pod/pod-state.ts';

const spec = { nodeName: 'node-1', containers: [{ name: 'web', image: 'acme/web:2' }] };

test('a container that ends again and again has its last end', () => {
  const pod = {
    metadata: { name: 'web-6d4cf56db6-x2x9p', namespace: 'shop' },
    spec: { ...spec, initContainers: [{ name: 'setup', image: 'acme/setup:1' }] },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [web]' },
      ],
      initContainerStatuses: [
        {
          name: 'setup',
          ready: true,
          restartCount: 0,
          state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: '2026-01-01T00:00:00Z' } },
        },
      ],
      containerStatuses: [
        {
          name: 'web',
          image: 'docker.io/acme/web:2',
          imageID: `docker.io/acme/web@sha256:${'a'.repeat(64)}`,
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' } },
          lastState: {
            terminated: { exitCode: 137, reason: 'OOMKilled', message: 'password=1', finishedAt: '2026-01-01T00:00:00Z' },
          },
        },
      ],
    },
  };
  expect(podStateOf(pod)).toEqual({
    name: 'web-6d4cf56db6-x2x9p',
    node: 'node-1',
    phase: 'Running',
    ready: false,
    ending: false,
    containers: [
      {
        name: 'setup',
        image: 'acme/setup:1',
        ready: true,
        restarts: 0,
        now: { state: 'terminated', reason: 'Completed', exitCode: 0, message: '' },
      },
      {
        name: 'web',
        image: 'acme/web:2',
        imageId: `docker.io/acme/web@sha256:${'a'.repeat(64)}`,
        ready: false,
        restarts: 3,
        now: { state: 'waiting', reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' },
        last: { reason: 'OOMKilled', exitCode: 137, message: 'password=1' },
      },
    ],
  });
});

test('a pod without a node says why', () => {
  const message = '0/1 nodes are available: 1 Insufficient cpu.';
  const pod = {
    metadata: { name: 'web-1' },
    spec: { containers: spec.containers },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
  };
  expect(podStateOf(pod)).toMatchObject({
    unscheduled: `Unschedulable: ${message}`,
    containers: [{ name: 'web', image: 'acme/web:2', now: { state: 'unknown' } }],
  });
  expect(podStateOf(pod).node).toBeUndefined();
});

test('an evicted pod, one that ends, and nonsense', () => {
  expect(podStateOf({ metadata: { name: 'a' }, status: { phase: 'Failed', reason: 'Evicted' } })).toMatchObject({
    reason: 'Evicted',
  });
  expect(podStateOf({ metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } })).toMatchObject({ ending: true });
  expect(podStateOf({ metadata: 7, spec: { containers: 'x' }, status: [] })).toEqual({
    name: '',
    phase: '',
    ready: false,
    ending: false,
    containers: [],
  });
});
