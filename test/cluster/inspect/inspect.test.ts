import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { ApiRequest } from '../../../src/cluster/connection/transport.ts';
import { eventFacts } from '../../../src/cluster/event/event-facts.ts';
import { event, evidenceFrom, type Lost, liveDeployment, POD, pod, replicaSet } from '../../controller/why/recorded.ts';

const crashed = pod({
  restartCount: 1,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container=web' } },
  lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'cannot log in as ann with hunter2' } },
});

test('reads only what it shows, each with a bound, and nothing that may be secret', async () => {
  const sent: ApiRequest[] = [];
  const evidence = await evidenceFrom(
    {
      deployment: liveDeployment(),
      replicaSets: [replicaSet()],
      pods: [crashed],
      events: [
        event('BackOff', 'Back-off restarting failed container web'),
        event('Unhealthy', 'Readiness probe failed: token=hunter2'),
      ],
    },
    false,
    sent,
  );
  expect(evidence).toMatchObject({
    object: { state: 'read', value: { health: 'inProgress' } },
    replicaSet: { state: 'read', value: { name: 'web-6d4cf56db6', wanted: 1 } },
    pods: { state: 'read', value: [{ name: POD, containers: [{ restarts: 1, last: { exitCode: 1, message: '' } }] }] },
    events: { state: 'read', value: [{ reason: 'BackOff' }, { reason: 'Unhealthy', message: 'Readiness probe failed' }] },
  });
  expect(JSON.stringify(evidence)).not.toContain('hunter2');
  expect(sent.map(({ path, query = {} }) => [path.split('/').at(-1), query.limit])).toEqual([
    ['web', undefined],
    ['replicasets', '100'],
    ['events', '50'],
    ['pods', '20'],
    ['events', '50'],
  ]);
  expect(sent.find(({ path }) => path.endsWith('/pods'))?.query?.labelSelector).toBe('app=web,pod-template-hash=6d4cf56db6');
  for (const { method = 'GET', attempts } of sent) expect({ method, attempts }).toEqual({ method: 'GET', attempts: 1 });
});

test('what may not be read is said, and the rest is read', async () => {
  expect(await evidenceFrom({ deployment: 'forbidden' })).toMatchObject({
    object: { state: 'unread', reason: expect.stringContaining('forbidden') },
  });
  const evidence = await evidenceFrom({
    deployment: liveDeployment(),
    replicaSets: [replicaSet()],
    pods: 'forbidden',
    events: 'forbidden',
  });
  expect(evidence).toMatchObject({
    object: { state: 'read' },
    replicaSet: { state: 'read' },
    pods: { state: 'unread' },
    events: { state: 'unread' },
  });
});

test('an absent object, and its namespace that goes', async () => {
  const namespace = {
    metadata: { name: 'shop', deletionTimestamp: '2026-12-05T11:00:00Z' },
    status: {
      phase: 'Terminating',
      conditions: [
        {
          type: 'NamespaceDeletionDiscoveryFailure',
          status: 'False',
          reason: 'ResourcesDiscovered',
          message: 'All resources successfully discovered',
        },
        {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: 'Some resources are remaining: widgets.acme.example has 1 resource instances',
        },
      ],
    },
  };
  expect(await evidenceFrom({ namespace })).toMatchObject({
    object: { state: 'read', value: undefined },
    namespace: {
      state: 'read',
      value: { deletedAt: Date.parse('2026-12-05T11:00:00Z'), remaining: [expect.stringContaining('widgets')] },
    },
  });
});

test('the autoscaler of an object whose replicas wait', async () => {
  const autoscaler = {
    metadata: { name: 'web' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 10 },
    status: { desiredReplicas: 3, currentReplicas: 3 },
  };
  const other = {
    ...autoscaler,
    metadata: { name: 'api' },
    spec: { ...autoscaler.spec, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' } },
  };
  const { autoscaler: found } = await evidenceFrom({ deployment: liveDeployment(), autoscalers: [other, autoscaler] }, true);
  expect(found).toEqual({ state: 'read', value: { name: 'web', min: 2, max: 10, wanted: 3 } });
});

test.each([
  [
    'Unhealthy',
    'Readiness probe failed: HTTP probe failed with statuscode: 503',
    'Readiness probe failed: HTTP probe failed with statuscode: 503',
  ],
  [
    'Unhealthy',
    'Liveness probe failed: Get "http://10.1.2.3:8080/?token=hunter2": dial tcp 10.1.2.3:8080: connect: connection refused',
    'Liveness probe failed: connection refused',
  ],
  ['Unhealthy', 'Startup probe failed: password hunter2 is wrong', 'Startup probe failed'],
  ['Failed', 'Failed to pull image "acme/web:2": not found', 'Failed to pull image "acme/web:2": not found'],
  ['Failed', 'Error: OCI runtime create failed: exec: "/bin/login hunter2": no such file', ''],
  ['FailedPostStartHook', 'Exec lifecycle hook ([/bin/login hunter2]) failed', ''],
  ['FailedScheduling', '0/1 nodes are available: 1 Insufficient cpu.', '0/1 nodes are available: 1 Insufficient cpu.'],
])('of an event %s, "%s" shows "%s"', (reason, message, shown) => {
  expect(eventFacts(event(reason, message)).message).toBe(shown);
});

describe('one lost request', () => {
  const ways: Readonly<Record<string, Lost['how']>> = {
    refused: () => Promise.reject(new FluxError('the API server is overloaded', { code: 'cluster/throttled' })),
    'never answered': ({ signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  };
  const recorded = {
    deployment: liveDeployment(),
    replicaSets: [replicaSet()],
    pods: [
      pod(undefined, {
        unscheduled: 'pod has unbound immediate PersistentVolumeClaims',
        spec: { volumes: [{ persistentVolumeClaim: { claimName: 'data' } }] },
      }),
    ],
    claims: { data: { metadata: { name: 'data' }, status: { phase: 'Pending' } } },
    autoscalers: [],
  };

  test.each(Object.entries(ways))('%s: the rest is read, and what is lost is said', async (_way, how) => {
    const all: ApiRequest[] = [];
    await evidenceFrom(recorded, true, all);
    expect(all.length).toBe(8);
    for (let nth = 1; nth <= all.length; nth += 1) {
      const { object, ...others } = await evidenceFrom(recorded, true, [], { nth, how });
      const unread = Object.values({ object, ...others }).filter((each) => 'state' in each && each.state === 'unread');
      expect(object.state, `request ${nth}`).toBe(nth === 1 ? 'unread' : 'read');
      // Events come from several requests.
      expect(unread.length, `request ${nth}`).toBeLessThanOrEqual(1);
    }
  });
});
