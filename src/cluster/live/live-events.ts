import type { LiveEvent } from '../../change/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { wordlessFacts } from '../event/event-facts.ts';
import { aboutObject, byTime, EVENT } from '../event/list-events.ts';
import { type Fields, fieldsOf, textOf } from '../object/fields.ts';
import type { PermittedReads } from './permitted-reads.ts';

/** Where Events about objects without a namespace are. */
const CLUSTER_EVENTS = 'default';

/** The Events about one object, newest first. @throws FluxError `cluster/forbidden` … */
export async function liveEvents(
  reads: PermittedReads,
  { kind }: ApiResource,
  { namespace = CLUSTER_EVENTS, name }: { readonly namespace: string | undefined; readonly name: string },
  options: { readonly isHidden: boolean },
): Promise<readonly LiveEvent[]> {
  const found = await reads.list(EVENT, namespace, aboutObject({ kind, name }));
  return byTime(found.map((event) => liveEvent(event, options.isHidden)));
}

function liveEvent(event: Fields, isHidden: boolean): LiveEvent {
  const { message, source, reportingComponent } = event;
  return {
    ...wordlessFacts(event),
    message: isHidden ? '' : textOf(message),
    from: textOf(reportingComponent) || textOf(fieldsOf(source).component),
  };
}
