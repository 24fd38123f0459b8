import type { EventFacts } from '../../change/index.ts';
import type { List } from '../connection/list.ts';
import { builtIn } from '../discovery/api-resource.ts';
import { eventFacts } from './event-facts.ts';

const EVENT = builtIn('Event', 'events');
/** Limit of the Events that are read about one object, and shown about several. */
export const MAX_EVENTS = 50;

/** The Events about one object. @throws FluxError `cluster/forbidden` … */
export async function listEvents(
  list: List,
  { kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string },
  signal: AbortSignal | undefined,
): Promise<readonly EventFacts[]> {
  const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
  return (await list(EVENT, namespace, { fieldSelector, limit: String(MAX_EVENTS) }, signal)).map(eventFacts);
}

/** Newest first. */
export function byTime(events: readonly EventFacts[]): readonly EventFacts[] {
  return events.toSorted((a, b) => (b.lastAt ?? 0) - (a.lastAt ?? 0));
}
