import type { Reading } from '../../base/index.ts';
import type { EventFacts, PodFacts } from '../../change/index.ts';
import type { WorkloadPods } from './workload-pods.ts';

/** Events about a confidential object: their reasons, without the words around them, which may quote it. */
export function quietEvents(events: Reading<readonly EventFacts[]>): Reading<readonly EventFacts[]> {
  return mapped(events, (all) => all.map((event) => ({ ...event, message: '' })));
}

/** The pods of a confidential workload, without words and values from its template. */
export function quietPods({ pods, replicaSet }: WorkloadPods): WorkloadPods {
  return {
    pods: mapped(pods, (all) => all.map(quietPod)),
    ...(replicaSet === undefined
      ? {}
      : { replicaSet: mapped(replicaSet, (facts) => facts && { ...facts, ...(facts.notCreated ? { notCreated: '' } : {}) }) }),
  };
}

function quietPod({ unscheduled, ...pod }: PodFacts): PodFacts {
  return {
    ...pod,
    ...(unscheduled === undefined ? {} : { unscheduled: unscheduled.replace(/:.*/s, '') }),
    nodeSelector: [],
    containers: pod.containers.map(({ now, ...container }) => ({
      ...container,
      now: now.state === 'waiting' ? { ...now, message: '' } : now,
    })),
  };
}

function mapped<T>(reading: Reading<T>, change: (value: T) => T): Reading<T> {
  return reading.state === 'read' ? { ...reading, value: change(reading.value) } : reading;
}
