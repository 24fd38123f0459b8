import { type Clock, FluxError, type Reading, readWithin } from '../../base/index.ts';
import type { EventFacts } from '../../change/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, builtIn, collectionPath, objectPath } from '../discovery/api-resource.ts';
import { type Fields, fieldsOf, recordsOf } from '../object/fields.ts';
import { METADATA } from '../object/live.ts';
import { eventFacts } from './event-facts.ts';

const EVENT = builtIn('Event', 'events');
const MAX_EVENTS = 50;
const ABSENT: readonly string[] = ['cluster/not-found', 'cluster/namespace-missing'];

/** Small reads for one explanation, each sent once. */
export interface Reads {
  /** Runs a reading within its deadline. */
  reading<T>(read: (signal: AbortSignal) => Promise<T>): Promise<Reading<T>>;
  /** One object; undefined if there is none. Of Secrets and ConfigMaps only their metadata. */
  get(resource: ApiResource, namespace: string | undefined, name: string, signal: AbortSignal): Promise<Fields | undefined>;
  list(
    resource: ApiResource,
    namespace: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<readonly Fields[]>;
  /** The events about one object. */
  events(kind: string, namespace: string, name: string): Promise<Reading<readonly EventFacts[]>>;
}

export function createReads(
  { transport, clock }: { readonly transport: Pick<Transport, 'request'>; readonly clock: Pick<Clock, 'deadline'> },
  parent: AbortSignal | undefined,
): Reads {
  const reads: Reads = {
    reading: (read) => readWithin(clock, parent, read),

    async get(resource, namespace, name, signal) {
      const isData = resource.group === '' && (resource.kind === 'Secret' || resource.kind === 'ConfigMap');
      try {
        const path = objectPath(resource, namespace, name);
        const { body } = await transport.request({
          path,
          attempts: 1,
          signal,
          ...(isData ? { headers: { accept: METADATA } } : {}),
        });
        return fieldsOf(body);
      } catch (error) {
        if (error instanceof FluxError && ABSENT.includes(error.code)) return undefined;
        throw error;
      }
    },

    async list(resource, namespace, query, signal) {
      const { body } = await transport.request({ path: collectionPath(resource, namespace), query, attempts: 1, signal });
      return recordsOf(fieldsOf(body).items);
    },

    events(kind, namespace, name) {
      const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
      const query = { fieldSelector, limit: String(MAX_EVENTS) };
      return reads.reading(async (signal) => (await reads.list(EVENT, namespace, query, signal)).map(eventFacts));
    },
  };
  return reads;
}

/** All events, newest first; unread if none could be read. */
export function mergeEvents(lists: readonly Reading<readonly EventFacts[]>[]): Reading<readonly EventFacts[]> {
  const read = lists.flatMap((each) => (each.state === 'read' ? each.value : []));
  const unread = lists.find((each) => each.state === 'unread');
  if (read.length === 0 && unread) return unread;
  return { state: 'read', value: read.toSorted((a, b) => (b.lastAt ?? 0) - (a.lastAt ?? 0)).slice(0, MAX_EVENTS) };
}
