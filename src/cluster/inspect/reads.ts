import { type Clock, type Reading, readWithin } from '../../base/index.ts';
import type { EventFacts } from '../../change/index.ts';
import { isAbsent } from '../connection/absent.ts';
import { createList, type List } from '../connection/list.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, objectPath } from '../discovery/api-resource.ts';
import { byTime, listEvents, MAX_EVENTS } from '../event/list-events.ts';
import { type Fields, fieldsOf } from '../object/fields.ts';
import { METADATA } from '../object/live.ts';

/** Small reads for one explanation, each sent once. */
export interface Reads {
  /** Runs a reading within its deadline. */
  reading<T>(read: (signal: AbortSignal) => Promise<T>): Promise<Reading<T>>;
  /** One object; undefined if there is none. Of Secrets and ConfigMaps only their metadata. */
  get(resource: ApiResource, namespace: string | undefined, name: string, signal: AbortSignal): Promise<Fields | undefined>;
  readonly list: List;
  /** The events about one object. */
  events(kind: string, namespace: string, name: string): Promise<Reading<readonly EventFacts[]>>;
}

export function createReads(
  { transport, clock }: { readonly transport: Pick<Transport, 'request'>; readonly clock: Pick<Clock, 'deadline'> },
  parent: AbortSignal | undefined,
): Reads {
  const list = createList(transport, { attempts: 1 });
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
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    list,

    events: (kind, namespace, name) => reads.reading((signal) => listEvents(list, { kind, namespace, name }, signal)),
  };
  return reads;
}

/** All events, newest first; unread if none could be read. */
export function mergeEvents(lists: readonly Reading<readonly EventFacts[]>[]): Reading<readonly EventFacts[]> {
  const read = lists.flatMap((each) => (each.state === 'read' ? each.value : []));
  const unread = lists.find((each) => each.state === 'unread');
  if (read.length === 0 && unread) return unread;
  return { state: 'read', value: byTime(read).slice(0, MAX_EVENTS) };
}
