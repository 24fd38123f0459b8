import { describe, expect, test } from 'vitest';
import { healthOf, isCurrentByExisting } from '../../../src/cluster/health/kstatus.ts';

type Fields = Readonly<Record<string, unknown>>;

const GROUPS: Readonly<Record<string, string>> = {
  CustomResourceDefinition: 'apiextensions.k8s.io',
  DaemonSet: 'apps',
  Deployment: 'apps',
  CloneSet: 'apps.kruise.io',
  HelmRelease: 'helm.fluxcd.io',
  Job: 'batch',
  PodDisruptionBudget: 'policy',
  ReplicaSet: 'apps',
  Rollout: 'argoproj.io',
  StatefulSet: 'apps',
  Widget: 'example.com',
};

const kindOf = (kind: string) => ({ group: GROUPS[kind] ?? '', kind });
const condition = (type: string, status: string, reason = '', message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2030-01-01T00:00:00Z',
});

const AVAILABLE = condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.');
const UNAVAILABLE = condition(
  'Available',
  'False',
  'MinimumReplicasUnavailable',
  'Deployment does not have minimum availability.',
);
const ROLLED_OUT = condition('Progressing', 'True', 'NewReplicaSetAvailable', 'ReplicaSet "web-1" has successfully progressed.');
const ROLLING = condition('Progressing', 'True', 'ReplicaSetUpdated', 'ReplicaSet "web-1" is progressing.');
const LATE = condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'ReplicaSet "web-1" has timed out progressing.');

/** A Deployment of 3 that is rolled out, with changes to its spec and status. */
const deployment = (spec: Fields = {}, status: Fields = {}) => ({
  metadata: { generation: 2 },
  spec: { replicas: 3, progressDeadlineSeconds: 600, ...spec },
  status: {
    observedGeneration: 2,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    conditions: [AVAILABLE, ROLLED_OUT],
    ...status,
  },
});
const rollout = (phase: string | undefined, status: Fields = {}, spec: Fields = {}) => ({
  metadata: { generation: 2 },
  spec,
  status: { observedGeneration: '2', phase, ...status },
});
const cloneSet = (status: Fields = {}, spec: Fields = {}) => ({
  metadata: { generation: 1 },
  spec: { replicas: 3, ...spec },
  status: {
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    updatedReadyReplicas: 3,
    availableReplicas: 3,
    expectedUpdatedReplicas: 3,
    ...status,
  },
});
const statefulSet = (spec: Fields = {}, status: Fields = {}) => ({
  metadata: { generation: 1 },
  spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, ...spec },
  status: {
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: 'db-1',
    updateRevision: 'db-1',
    ...status,
  },
});
const daemonSet = (status: Fields) => ({
  metadata: { generation: 1 },
  status: {
    observedGeneration: 1,
    desiredNumberScheduled: 4,
    currentNumberScheduled: 4,
    updatedNumberScheduled: 4,
    numberAvailable: 4,
    numberReady: 4,
    ...status,
  },
});
const replicaSet = (status: Fields) => ({
  metadata: { generation: 1 },
  spec: { replicas: 2 },
  status: { observedGeneration: 1, replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2, ...status },
});
const waiting = (name: string, reason: string, message: string) => ({
  name,
  ready: false,
  state: { waiting: { reason, message } },
});
const widget = (...conditions: Fields[]) => ({ metadata: { generation: 3 }, status: { observedGeneration: 3, conditions } });

const CASES: Readonly<Record<string, readonly [rule: string, object: Fields, state: string, message: string | RegExp][]>> = {
  Widget: [
    ['without status', { metadata: {} }, 'current', 'ready'],
    [
      'being deleted, whatever its status',
      { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' }, status: { conditions: [condition('Ready', 'True')] } },
      'terminating',
      /2030-01-01T00:00:00Z/,
    ],
    [
      'whose controller has not seen the newest generation',
      { metadata: { generation: 4 }, status: { observedGeneration: 3, conditions: [condition('Ready', 'True')] } },
      'inProgress',
      'its controller has seen generation 3, not yet 4',
    ],
    ['reconciling', widget(condition('Reconciling', 'True', 'Progressing', 'new size')), 'inProgress', 'Progressing: new size'],
    ['no longer reconciling', widget(condition('Reconciling', 'False')), 'current', 'ready'],
    [
      'stalled',
      widget(condition('Ready', 'False'), condition('Stalled', 'True', 'NoQuota', 'too big')),
      'failed',
      'NoQuota: too big',
    ],
    ['ready', widget(condition('Ready', 'True', 'Done', 'all well')), 'current', 'ready'],
    ['not ready', widget(condition('Ready', 'False', 'Waiting', 'for a disk')), 'inProgress', 'Waiting: for a disk'],
    ['of unknown readiness', widget(condition('Ready', 'Unknown')), 'inProgress', 'Ready is Unknown'],
    ['with conditions that mean nothing here', widget(condition('Synced', 'False')), 'current', 'ready'],
    [
      'with a status of another shape',
      { metadata: { generation: 1 }, status: { conditions: 'none', observedGeneration: '1' } },
      'current',
      'ready',
    ],
  ],
  Deployment: [
    ['rolled out', deployment(), 'current', '3 replicas available'],
    ['never looked at', { metadata: { generation: 1 }, spec: { replicas: 0 } }, 'inProgress', /has not looked/],
    ['of an older spec', deployment({}, { observedGeneration: 1 }), 'inProgress', /seen generation 1, not yet 2/],
    [
      'of no replicas',
      deployment(
        { replicas: 0 },
        { replicas: undefined, updatedReplicas: undefined, readyReplicas: undefined, availableReplicas: undefined },
      ),
      'current',
      '0 replicas available',
    ],
    [
      'without replicas in its spec, which means 1',
      deployment({ replicas: undefined }, { replicas: undefined }),
      'inProgress',
      '0 of 1 replicas created',
    ],
    [
      'with too few pods',
      deployment({}, { replicas: 2, conditions: [AVAILABLE, ROLLING] }),
      'inProgress',
      '2 of 3 replicas created',
    ],
    [
      'with old pods',
      deployment({}, { updatedReplicas: 1, conditions: [AVAILABLE, ROLLING] }),
      'inProgress',
      '1 of 3 replicas updated',
    ],
    ['with pods too many', deployment({}, { replicas: 4 }), 'inProgress', '1 old replicas to be terminated'],
    [
      'with pods that are not available',
      deployment({}, { availableReplicas: 0, readyReplicas: 0, conditions: [UNAVAILABLE, ROLLING] }),
      'inProgress',
      '0 of 3 replicas available',
    ],
    ['with pods that are not ready', deployment({}, { readyReplicas: 2 }), 'inProgress', '2 of 3 replicas ready'],
    [
      'whose conditions lag behind its counts',
      deployment({}, { conditions: [AVAILABLE, ROLLING] }),
      'inProgress',
      /new ReplicaSet is not available/,
    ],
    ['not available by its condition', deployment({}, { conditions: [UNAVAILABLE, ROLLED_OUT] }), 'inProgress', 'not available'],
    [
      'that took too long',
      deployment({}, { availableReplicas: 0, conditions: [UNAVAILABLE, LATE] }),
      'failed',
      'progress deadline exceeded: ReplicaSet "web-1" has timed out progressing.',
    ],
    [
      'without deadline',
      deployment({ progressDeadlineSeconds: 2147483647 }, { conditions: [AVAILABLE] }),
      'current',
      '3 replicas available',
    ],
    [
      'whose pods are refused',
      deployment(
        {},
        { replicas: 0, conditions: [ROLLING, condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota')] },
      ),
      'inProgress',
      '0 of 3 replicas created: exceeded quota',
    ],
    [
      'paused in the middle',
      deployment(
        { paused: true },
        { updatedReplicas: 0, conditions: [AVAILABLE, condition('Progressing', 'Unknown', 'DeploymentPaused')] },
      ),
      'current',
      /paused/,
    ],
  ],
  StatefulSet: [
    ['rolled out', statefulSet(), 'current', '3 replicas ready'],
    ['never looked at', statefulSet({ replicas: 0 }, { observedGeneration: undefined }), 'inProgress', /has not looked/],
    [
      'updated on delete only',
      statefulSet({ updateStrategy: { type: 'OnDelete' } }, { updatedReplicas: 0 }),
      'current',
      /only when they are deleted/,
    ],
    ['with too few pods', statefulSet({}, { replicas: 1 }), 'inProgress', '1 of 3 replicas created'],
    ['with pods that are not ready', statefulSet({}, { readyReplicas: 2 }), 'inProgress', '2 of 3 replicas ready'],
    ['with pods too many', statefulSet({}, { replicas: 5 }), 'inProgress', '2 replicas to be terminated'],
    [
      'in the middle of an update',
      statefulSet({}, { currentReplicas: 2, updatedReplicas: 1, updateRevision: 'db-2' }),
      'inProgress',
      '1 of 3 replicas updated',
    ],
    [
      'at one revision, with too few current pods',
      statefulSet({}, { currentReplicas: 2 }),
      'inProgress',
      /2 of 3 replicas at the current revision/,
    ],
    [
      'above its partition still old',
      statefulSet({ updateStrategy: { rollingUpdate: { partition: 1 } } }, { updatedReplicas: 1, updateRevision: 'db-2' }),
      'inProgress',
      '1 of 2 replicas above the partition updated',
    ],
    [
      'updated down to its partition',
      statefulSet({ updateStrategy: { rollingUpdate: { partition: 1 } } }, { updatedReplicas: 2, updateRevision: 'db-2' }),
      'current',
      '2 replicas above the partition updated',
    ],
    [
      'with a partition beyond its replicas',
      statefulSet({ updateStrategy: { rollingUpdate: { partition: 9 } } }, { updatedReplicas: 0, updateRevision: 'db-2' }),
      'current',
      /0 replicas/,
    ],
  ],
  DaemonSet: [
    ['rolled out', daemonSet({}), 'current', '4 pods ready'],
    ['never looked at', { metadata: { generation: 1 } }, 'inProgress', /has not looked/],
    ['without numbers', daemonSet({ desiredNumberScheduled: undefined }), 'inProgress', /has not looked/],
    [
      'on no node',
      daemonSet({
        desiredNumberScheduled: 0,
        currentNumberScheduled: 0,
        updatedNumberScheduled: 0,
        numberAvailable: 0,
        numberReady: 0,
      }),
      'current',
      '0 pods ready',
    ],
    ['not on all nodes', daemonSet({ currentNumberScheduled: 3 }), 'inProgress', '3 of 4 pods scheduled'],
    ['with old pods', daemonSet({ updatedNumberScheduled: undefined }), 'inProgress', '0 of 4 pods updated'],
    ['with pods that are not available', daemonSet({ numberAvailable: 2 }), 'inProgress', '2 of 4 pods available'],
    ['with pods that are not ready', daemonSet({ numberReady: 1 }), 'inProgress', '1 of 4 pods ready'],
  ],
  Rollout: [
    ['that is healthy', rollout('Healthy'), 'current', 'healthy'],
    ['never looked at', { metadata: { generation: 1 } }, 'inProgress', /has not looked/],
    ['of an earlier generation', rollout('Healthy', { observedGeneration: '1' }), 'inProgress', /has not looked/],
    ['that progresses', rollout('Progressing', { message: 'more replicas need to be updated' }), 'inProgress', /more replicas/],
    [
      'that waits at a step',
      rollout('Paused', { message: 'CanaryPauseStep' }),
      'inProgress',
      'paused at a step: CanaryPauseStep',
    ],
    ['that a person paused', rollout('Paused', {}, { paused: true }), 'current', /nothing is rolled out/],
    ['that failed', rollout('Degraded', { message: 'ProgressDeadlineExceeded' }), 'failed', 'ProgressDeadlineExceeded'],
    ['whose status has no phase', rollout(undefined), 'inProgress', /has not looked/],
  ],
  CloneSet: [
    ['rolled out', cloneSet(), 'current', '3 replicas available'],
    ['never looked at', { metadata: { generation: 1 } }, 'inProgress', /has not looked/],
    ['with too few pods', cloneSet({ replicas: 2 }), 'inProgress', '2 of 3 replicas created'],
    ['in the middle of an update', cloneSet({ updatedReplicas: 1 }), 'inProgress', '1 of 3 replicas updated'],
    [
      'with updated pods that are not ready',
      cloneSet({ updatedReadyReplicas: 2 }),
      'inProgress',
      '2 of 3 replicas updated and ready',
    ],
    ['with pods that are not available', cloneSet({ availableReplicas: 2 }), 'inProgress', '2 of 3 replicas available'],
    ['with pods too many', cloneSet({ replicas: 4 }), 'inProgress', '1 replicas to be terminated'],
    [
      'updated down to its partition',
      cloneSet({ expectedUpdatedReplicas: 1, updatedReplicas: 1, updatedReadyReplicas: 1 }),
      'current',
      /3 rep/,
    ],
    [
      'that is paused',
      cloneSet({ updatedReplicas: 0 }, { updateStrategy: { paused: true } }),
      'current',
      /nothing is rolled out/,
    ],
  ],
  ReplicaSet: [
    ['with all its pods', replicaSet({}), 'current', '2 replicas available'],
    ['never looked at', { metadata: { generation: 1 }, spec: { replicas: 0 } }, 'inProgress', /has not looked/],
    [
      'whose pods are refused',
      replicaSet({ conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota')] }),
      'inProgress',
      /exceeded quota/,
    ],
    ['with too few labelled pods', replicaSet({ fullyLabeledReplicas: 1 }), 'inProgress', '1 of 2 replicas labelled'],
    ['with pods that are not available', replicaSet({ availableReplicas: 1 }), 'inProgress', '1 of 2 replicas available'],
    ['with pods that are not ready', replicaSet({ readyReplicas: 1 }), 'inProgress', '1 of 2 replicas ready'],
    ['with pods too many', replicaSet({ replicas: 3 }), 'inProgress', '1 replicas to be terminated'],
  ],
  Pod: [
    ['never looked at', { metadata: {} }, 'inProgress', /has not looked/],
    ['that is done', { status: { phase: 'Succeeded' } }, 'current', 'completed'],
    [
      'that failed',
      { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' } },
      'failed',
      'ended without success: The node was low on memory.',
    ],
    ['that is ready', { status: { phase: 'Running', conditions: [condition('Ready', 'True')] } }, 'current', 'ready'],
    [
      'that runs and is not ready',
      { status: { phase: 'Running', conditions: [condition('Ready', 'False', 'ContainersNotReady')] } },
      'inProgress',
      'running, but not ready',
    ],
    [
      'that crashes',
      {
        status: {
          phase: 'Running',
          containerStatuses: [waiting('web', 'CrashLoopBackOff', 'back-off 10s restarting failed container')],
        },
      },
      'failed',
      'container web crashes again and again: back-off 10s restarting failed container',
    ],
    [
      'that cannot pull',
      {
        status: {
          phase: 'Pending',
          containerStatuses: [waiting('web', 'ImagePullBackOff', 'Back-off pulling image "acme/web:9"')],
        },
      },
      'inProgress',
      'pending: container web: Back-off pulling image "acme/web:9"',
    ],
    ['that waits', { status: { phase: 'Pending' } }, 'inProgress', 'pending'],
  ],
  Job: [
    ['not started', { metadata: {} }, 'inProgress', 'not started'],
    ['that runs', { status: { startTime: '2030-01-01T00:00:00Z', active: 1 } }, 'current', 'runs: 1 active, 0 succeeded'],
    [
      'that is done',
      {
        status: {
          startTime: '2030-01-01T00:00:00Z',
          succeeded: 1,
          conditions: [condition('SuccessCriteriaMet', 'True'), condition('Complete', 'True')],
        },
      },
      'current',
      'completed',
    ],
    [
      'that failed',
      {
        status: {
          startTime: '2030-01-01T00:00:00Z',
          failed: 7,
          conditions: [condition('Failed', 'True', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit')],
        },
      },
      'failed',
      'failed: Job has reached the specified backoff limit',
    ],
    [
      'suspended',
      { spec: { suspend: true }, status: { conditions: [condition('Suspended', 'True', 'JobSuspended', 'Job suspended')] } },
      'current',
      'suspended',
    ],
  ],
  Service: [
    ['inside of the cluster', { spec: { type: 'ClusterIP' } }, 'current', 'ready'],
    [
      'of a load balancer',
      { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.7' }, status: { loadBalancer: {} } },
      'current',
      'ready',
    ],
    ['of a load balancer, without address', { spec: { type: 'LoadBalancer' } }, 'inProgress', 'it has no cluster IP yet'],
  ],
  PersistentVolumeClaim: [
    ['bound', { status: { phase: 'Bound' } }, 'current', 'bound'],
    ['pending', { status: { phase: 'Pending' } }, 'inProgress', 'not bound: Pending'],
    ['never looked at', { metadata: {} }, 'inProgress', 'not bound'],
    ['that lost its volume', { status: { phase: 'Lost' } }, 'failed', 'its volume is lost'],
  ],
  PodDisruptionBudget: [
    [
      'computed',
      { metadata: { generation: 1 }, status: { observedGeneration: 1, disruptionsAllowed: 0 } },
      'current',
      /computed/,
    ],
    ['never looked at', { metadata: { generation: 1 } }, 'inProgress', /not computed/],
  ],
  CustomResourceDefinition: [
    [
      'established',
      {
        status: {
          conditions: [
            condition('NamesAccepted', 'True', 'NoConflicts'),
            condition('Established', 'True', 'InitialNamesAccepted'),
          ],
        },
      },
      'current',
      'established',
    ],
    [
      'being installed',
      { status: { conditions: [condition('NamesAccepted', 'True'), condition('Established', 'False', 'Installing')] } },
      'inProgress',
      'not established',
    ],
    ['never looked at', { metadata: { generation: 1 } }, 'inProgress', 'not established'],
    [
      'whose names are taken',
      { status: { conditions: [condition('NamesAccepted', 'False', 'PluralConflict', '"widgets" is already in use')] } },
      'failed',
      'its names are refused: "widgets" is already in use',
    ],
  ],
  HelmRelease: [
    [
      'released',
      {
        metadata: { generation: 1 },
        status: { observedGeneration: 1, phase: 'Succeeded', conditions: [condition('Released', 'True')] },
      },
      'current',
      'released',
    ],
    ['of an old Helm Operator', { status: { releaseStatus: 'DEPLOYED' } }, 'current', 'released'],
    ['never looked at', { metadata: { generation: 1 } }, 'inProgress', /Helm Operator has not looked/],
    ['being upgraded', { status: { phase: 'Upgrading', releaseStatus: 'deployed' } }, 'inProgress', 'Upgrading'],
    [
      'whose chart cannot be had',
      {
        status: {
          phase: 'ChartFetchFailed',
          conditions: [condition('ChartFetched', 'False', 'ChartFetchFailed', 'no such chart')],
        },
      },
      'failed',
      'ChartFetchFailed: no such chart',
    ],
    [
      'rolled back',
      { status: { phase: 'RolledBack', conditions: [condition('Released', 'False', 'UpgradeFailed', 'timed out')] } },
      'failed',
      'RolledBack: timed out',
    ],
  ],
  ReplicationController: [
    [
      'of an older spec, by the rule for all',
      { metadata: { generation: 2 }, status: { observedGeneration: 1 } },
      'inProgress',
      /generation 1/,
    ],
    ['otherwise', { metadata: { generation: 2 }, status: { observedGeneration: 2 } }, 'current', 'ready'],
  ],
};

describe.each(Object.entries(CASES))('a %s', (kind, cases) => {
  test.each(cases.map(([rule, object, state, message]) => ({ rule, object, state, message })))(
    '$rule is $state',
    ({ object, state, message }) => {
      const health = healthOf(kindOf(kind), object);
      expect(health.state).toBe(state);
      if (typeof message === 'string') expect(health.message).toBe(message);
      else expect(health.message).toMatch(message);
    },
  );
});

test('a pod that no node takes fails 15 s after it was made', () => {
  const pod = {
    metadata: { creationTimestamp: '2030-01-01T00:00:00Z' },
    status: { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/1 nodes are available')] },
  };
  expect(healthOf(kindOf('Pod'), pod)).toEqual({
    state: 'inProgress',
    message: 'no node can run it: 0/1 nodes are available',
    failsAt: Date.parse('2030-01-01T00:00:15Z'),
  });
});

test.each<[string, string, Fields, boolean]>([
  ['', 'ConfigMap', {}, true],
  ['', 'Secret', {}, true],
  ['', 'ServiceAccount', {}, true],
  ['', 'Namespace', {}, true],
  ['rbac.authorization.k8s.io', 'Role', {}, true],
  ['networking.k8s.io', 'Ingress', {}, true],
  ['batch', 'CronJob', {}, true],
  ['apiregistration.k8s.io', 'APIService', {}, true],
  ['', 'Service', { spec: {} }, true],
  ['', 'Service', { spec: { type: 'LoadBalancer' } }, false],
  ['apps', 'Deployment', {}, false],
  ['', 'Pod', {}, false],
  ['example.com', 'Widget', {}, false],
  ['cluster.x-k8s.io', 'Cluster', {}, false],
])('group %j kind %s needs no look at its status: %#', (group, kind, manifest, expected) => {
  expect(isCurrentByExisting({ group, kind }, manifest)).toBe(expected);
});
