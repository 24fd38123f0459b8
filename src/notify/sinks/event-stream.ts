import type { EventLog } from '../../record/index.ts';
import type { Sink } from '../notification.ts';

/** The event stream of the API, which reads the log of recent events. */
export function eventStream(log: Pick<EventLog, 'add'>): Sink {
  return {
    name: 'event stream',
    receive({ events, source }) {
      for (const event of events) log.add(event, source);
    },
  };
}
