import type { FluxEvent } from './event.ts';

export interface LoggedEvent {
  /** Counts from 1 in this daemon process. */
  readonly sequence: number;
  readonly event: FluxEvent;
  /** The name of the source; absent if the daemon has one. */
  readonly source?: string;
}

/** Limit of objects in all retained events together; each event counts as one more. */
const MAX_WEIGHT = 50_000;
const MAX_EVENTS = 1_000;

/** The most recent events, for readers of the stream. Bounded: the oldest are dropped, and readers that are too far behind learn so. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<() => void>();
  #weight = 0;
  #last = 0;

  /** Number of the newest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  add(event: FluxEvent, source?: string): void {
    this.#last += 1;
    this.#events.push({ sequence: this.#last, event, ...(source === undefined ? {} : { source }) });
    this.#weight += weightOf(event);
    while (this.#events.length > MAX_EVENTS || (this.#weight > MAX_WEIGHT && this.#events.length > 1)) {
      const oldest = this.#events.shift();
      if (oldest) this.#weight -= weightOf(oldest.event);
    }
    for (const listener of this.#listeners) listener();
  }

  /** The events after a given one, oldest first; `complete` is false if some of them were dropped already. */
  since(sequence: number): { readonly events: readonly LoggedEvent[]; readonly complete: boolean } {
    const oldest = this.#events[0]?.sequence ?? this.#last + 1;
    return { events: this.#events.slice(Math.max(0, sequence + 1 - oldest)), complete: sequence + 1 >= oldest };
  }

  /** Calls the listener after each new event, until the returned function is called. The listener reads new events with `since`. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

function weightOf({ objects }: FluxEvent): number {
  return 1 + objects.length;
}
