import type { LiveEvent } from '../../change/index.ts';
import { type ApiResource, builtIn } from '../discovery/api-resource.ts';
import { MAX_EVENTS } from '../event/list-events.ts';
import { type Fields, fieldsOf, numberOf, textOf } from '../object/fields.ts';
import { optional, timeOf } from '../object/optional-facts.ts';
import type { PermittedReads } from './permitted-reads.ts';

const EVENT = builtIn('Event', 'events');
/** Where Events about objects without a namespace are. */
const CLUSTER_EVENTS = 'default';

/** The Events about one object, newest first. @throws FluxError `cluster/forbidden` … */
export async function liveEvents(
  reads: PermittedReads,
  { kind }: ApiResource,
  { namespace = CLUSTER_EVENTS, name }: { readonly namespace: string | undefined; readonly name: string },
  options: { readonly isHidden: boolean },
): Promise<readonly LiveEvent[]> {
  const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
  const found = await reads.list(EVENT, namespace, { fieldSelector, limit: String(MAX_EVENTS) });
  return found.map((event) => liveEvent(event, options.isHidden)).toSorted((a, b) => (b.lastAt ?? 0) - (a.lastAt ?? 0));
}

function liveEvent(event: Fields, isHidden: boolean): LiveEvent {
  const { type, reason, message, count, series, source, reportingComponent, lastTimestamp, eventTime, metadata } = event;
  const at = timeOf(fieldsOf(series).lastObservedTime) ?? timeOf(lastTimestamp) ?? timeOf(eventTime);
  return {
    type: textOf(type),
    reason: textOf(reason),
    message: isHidden ? '' : textOf(message),
    count: numberOf(count, numberOf(fieldsOf(series).count, 1)),
    from: textOf(reportingComponent) || textOf(fieldsOf(source).component),
    ...optional('lastAt', at ?? timeOf(fieldsOf(metadata).creationTimestamp)),
  };
}
