import type { LiveObjectWire } from '../../src/api/wire/index.ts';
import { StateMark } from '../shell/state-mark.tsx';
import { sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';

interface Props {
  readonly events: LiveObjectWire['events'];
  /** Why they could not be read. */
  readonly reason: string | undefined;
}

/** The Events of Kubernetes about the object, newest first. */
export function Events({ events, reason = '' }: Props) {
  return (
    <section aria-labelledby="events-title">
      <h3 id="events-title">Events</h3>
      {events === undefined && <p class="hint">They could not be read: {sentence(reason)}</p>}
      {events?.length === 0 && <p class="hint">None. Kubernetes keeps them for about an hour.</p>}
      {events !== undefined && events.length > 0 && (
        <ul class="events">
          {events.map(({ type, reason: why, message, count, from, at }) => (
            <li key={`${at} ${why} ${message} ${from}`} class="event">
              <StateMark state={type === 'Warning' ? 'held' : 'ok'} name={type} />
              <div>
                <p>
                  <strong>{why}</strong>
                  {count > 1 && <span class="badge">{count.toLocaleString('en')} times</span>}
                  <span class="hint">
                    {from} {at !== undefined && <Time at={at} />}
                  </span>
                </p>
                {message !== '' && <p class="event-text">{message}</p>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
