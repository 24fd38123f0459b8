import type { PodFacts } from '../../change/index.ts';
import { type Fields, fieldsOf, recordsOf, textOf } from '../object/fields.ts';
import { optional, timeOf } from '../object/optional-facts.ts';
import { podStateOf } from '../pod/pod-state.ts';

/** A pod as the API server sends it; what its programs printed is left out. */
export function podFacts(pod: Fields): PodFacts {
  const { volumes, nodeSelector } = fieldsOf(pod.spec);
  const state = podStateOf(pod);
  return {
    ...state,
    containers: state.containers.map(({ last, now, ...container }) => ({
      ...container,
      now: now.state === 'terminated' ? { ...now, message: '' } : now,
      ...(last ? { last: { ...last, message: '' } } : {}),
    })),
    ...optional('createdAt', timeOf(fieldsOf(pod.metadata).creationTimestamp)),
    claims: recordsOf(volumes).flatMap(({ persistentVolumeClaim }) => textOf(fieldsOf(persistentVolumeClaim).claimName) || []),
    nodeSelector: Object.entries(fieldsOf(nodeSelector)).map(([label, value]) => `${label}=${textOf(value)}`),
  };
}
