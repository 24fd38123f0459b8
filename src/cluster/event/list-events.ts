import type { EventFacts } from '../../change/index.ts';
import type { List } from '../connection/list.ts';
import { builtIn } from '../discovery/api-resource.ts';
import { eventFacts } from './event-facts.ts';

export const EVENT = builtIn('Event', 'events');
/** Limit of the Events that are read about one object, and shown about several. */
export const MAX_EVENTS = 50;

/** Selects the Events about one object in its namespace. */
export function aboutObject({ kind, name }: { readonly kind: string; readonly name: string }) {
  return { fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}`, limit: String(MAX_EVENTS) };
}

/** The Events about one object. @throws FluxError `cluster/forbidden` … */
export async function listEvents(
  list: List,
  { kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string },
  signal: AbortSignal | undefined,
): Promise<readonly EventFacts[]> {
  return (await list(EVENT, namespace, aboutObject({ kind, name }), signal)).map(eventFacts);
}

/** Newest first. */
export function byTime<Event extends Pick<EventFacts, 'lastAt'>>(events: readonly Event[]): readonly Event[] {
  return events.toSorted((a, b) => (b.lastAt ?? 0) - (a.lastAt ?? 0));
}
