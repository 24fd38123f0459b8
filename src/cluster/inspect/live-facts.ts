import type { FinalizerFacts, LiveFacts, NamespaceFacts, ReplicaSetFacts } from '../../change/index.ts';
import { isFields } from '../../resource/index.ts';
import { healthOf } from '../health/kstatus.ts';
import { withoutWords } from '../object/confidential.ts';
import { conditionsOf, type Fields, fieldsOf, numberOf, recordsOf, textOf } from '../object/fields.ts';
import { optional, timeOf } from '../object/optional-facts.ts';

/** An object as the API server sends it, reduced to what an explanation shows. */
export function liveFacts(kind: { readonly group: string; readonly kind: string }, whole: Fields): LiveFacts {
  const object = withoutWords(whole);
  const { state, message } = healthOf(kind, object);
  const metadata = fieldsOf(object.metadata);
  const changes = recordsOf(fieldsOf(object.status).conditions).flatMap(
    ({ lastTransitionTime }) => timeOf(lastTransitionTime) ?? [],
  );
  return {
    health: state,
    message,
    ...optional('createdAt', timeOf(metadata.creationTimestamp)),
    ...optional('changedAt', changes.length === 0 ? undefined : Math.max(...changes)),
    ...optional('deletedAt', timeOf(metadata.deletionTimestamp)),
    finalizers: finalizersOf(metadata),
    ...optional('notCreated', notCreated(object)),
  };
}

/** Why the controller of a workload cannot create its pods: the message of the API server. */
function notCreated(object: Fields): string | undefined {
  return conditionsOf(object).find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')?.message;
}

function finalizersOf({ finalizers, managedFields }: Fields): readonly FinalizerFacts[] {
  const names = Array.isArray(finalizers) ? finalizers.filter((each: unknown): each is string => typeof each === 'string') : [];
  return names.map((name) => {
    const entry = recordsOf(managedFields).find(({ fieldsV1 }) => hasFinalizer(fieldsV1, name));
    return { name, ...optional('manager', entry && textOf(entry.manager)), ...optional('writtenAt', timeOf(entry?.time)) };
  });
}

function hasFinalizer(fieldsV1: unknown, name: string): boolean {
  const finalizers = fieldsOf(fieldsOf(fieldsOf(fieldsV1)['f:metadata'])['f:finalizers']);
  return isFields(finalizers[`v:${JSON.stringify(name)}`]);
}

export function namespaceFacts(namespace: Fields): NamespaceFacts {
  const remaining = conditionsOf(namespace).filter(({ type, status }) => status === 'True' && type.startsWith('Namespace'));
  return {
    ...optional('deletedAt', timeOf(fieldsOf(namespace.metadata).deletionTimestamp)),
    remaining: remaining.map(({ message }) => message),
  };
}

export function replicaSetFacts(replicaSet: Fields): ReplicaSetFacts {
  const { name, creationTimestamp } = fieldsOf(replicaSet.metadata);
  return {
    name: textOf(name),
    ...optional('createdAt', timeOf(creationTimestamp)),
    wanted: numberOf(fieldsOf(replicaSet.spec).replicas),
    ready: numberOf(fieldsOf(replicaSet.status).readyReplicas),
    ...optional('notCreated', notCreated(replicaSet)),
  };
}
