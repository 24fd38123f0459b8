import type { EventFacts } from '../../change/index.ts';
import { type Fields, fieldsOf, numberOf, textOf } from '../object/fields.ts';
import { optional, timeOf } from '../object/optional-facts.ts';

/** A core/v1 Event, with its message where that cannot quote what a program printed. */
export function eventFacts(event: Fields): EventFacts {
  const { involvedObject, message } = event;
  const { kind, name } = fieldsOf(involvedObject);
  const facts = wordlessFacts(event);
  return {
    ...facts,
    about: `${textOf(kind).toLowerCase()}/${textOf(name)}`,
    message: shown(facts.reason, textOf(message)),
  };
}

/** The same without words: all that cannot quote anything. */
export function wordlessFacts({ type, reason, count, series, lastTimestamp, eventTime, metadata }: Fields) {
  const time = timeOf(fieldsOf(series).lastObservedTime) ?? timeOf(lastTimestamp) ?? timeOf(eventTime);
  return {
    type: textOf(type),
    reason: textOf(reason),
    count: numberOf(count, numberOf(fieldsOf(series).count, 1)),
    ...optional('lastAt', time ?? timeOf(fieldsOf(metadata).creationTimestamp)),
  };
}

/** Reasons whose messages are those of Kubernetes itself. */
const OWN_WORDS: readonly string[] = [
  'BackOff',
  'ExternalProvisioning',
  'FailedAttachVolume',
  'FailedBinding',
  'FailedCreate',
  'FailedMount',
  'FailedScheduling',
  'FailedToRetrieveImagePullSecret',
  'ProvisioningFailed',
  'WaitForFirstConsumer',
];

/** How a probe failed, in words of the kubelet. The output of a probe's command may be anything. */
const PROBE_RESULT =
  /HTTP probe failed with statuscode: \d{3}|connection refused|connection reset by peer|no route to host|i\/o timeout|context deadline exceeded|command timed out|service unhealthy/;

function shown(reason: string, message: string): string {
  if (OWN_WORDS.includes(reason)) return message;
  // Other messages of this reason may quote a command line.
  if (reason === 'Failed') return message.startsWith('Failed to pull image') ? message : '';
  const [probe] = /^(?:Readiness|Liveness|Startup) probe failed/.exec(message) ?? [];
  if (reason !== 'Unhealthy' || probe === undefined) return '';
  const [result] = PROBE_RESULT.exec(message) ?? [];
  return result === undefined ? probe : `${probe}: ${result}`;
}
