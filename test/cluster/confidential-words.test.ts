import { expect, test } from 'vitest';
import { seenOf } from '../../src/cluster/health/seen.ts';
import { liveFacts } from '../../src/cluster/inspect/live-facts.ts';
import { quietEvents, quietPods } from '../../src/cluster/inspect/quiet.ts';
import { CHECKSUM_ANNOTATION } from '../../src/cluster/object/ownership.ts';
import { workloadOf } from '../../src/cluster/workload/workload.ts';
import { confidential } from '../../src/resource/index.ts';

const KIND = { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true, verbs: [] };
const SAID = 'pods "web-1" is invalid: env: Invalid value: "hunter2"';

/** A Deployment whose controller quotes it, with or without what fluxd writes on a confidential object. */
function deployment(checksum: string) {
  return {
    metadata: {
      name: 'web',
      namespace: 'shop',
      generation: 1,
      labels: { owner: 'hunter2' },
      annotations: { [CHECKSUM_ANNOTATION]: checksum },
    },
    spec: { replicas: 2, template: { spec: { containers: [{ name: 'web', image: 'acme/web:1' }] } } },
    status: {
      observedGeneration: 1,
      replicas: 1,
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: SAID }],
    },
  };
}

const views = (checksum: string) => {
  const object = deployment(checksum);
  return JSON.stringify([seenOf(KIND, object), liveFacts(KIND, object), workloadOf(KIND, object)]);
};

test('health, listings and explanations have no words of a controller about a confidential object', () => {
  expect(views('0'.repeat(40))).toContain('hunter2');
  for (const what of ['values', 'all'] as const) {
    const shown = views(confidential(what, 'x').checksum);
    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('1 of 2 replicas created');
    expect(shown).toContain('acme/web:1');
  }
});

test('events and pods of a confidential workload keep their reasons, and lose their words', () => {
  const event = { about: 'pod/web-1', type: 'Warning', reason: 'FailedCreate', message: SAID, count: 1 };
  expect(quietEvents({ state: 'read', value: [event] })).toEqual({ state: 'read', value: [{ ...event, message: '' }] });
  const waiting = { state: 'waiting', reason: 'CreateContainerConfigError', message: SAID } as const;
  const container = { name: 'web', image: 'acme/web:1', ready: false, restarts: 0, now: waiting };
  const pod = {
    name: 'web-1',
    phase: 'Pending',
    ready: false,
    ending: false,
    claims: [],
    nodeSelector: ['disk=hunter2'],
    unscheduled: `Unschedulable: ${SAID}`,
  };
  const quiet = quietPods({
    pods: { state: 'read', value: [{ ...pod, containers: [container] }] },
    replicaSet: { state: 'read', value: { name: 'web-1', wanted: 2, ready: 0, notCreated: SAID } },
  });
  expect(JSON.stringify(quiet)).not.toContain('hunter2');
  expect(quiet.pods).toMatchObject({
    value: [
      { unscheduled: 'Unschedulable', containers: [{ now: { reason: 'CreateContainerConfigError' }, image: 'acme/web:1' }] },
    ],
  });
});
