import type { FluxEvent } from './event.ts';

export interface LoggedEvent {
  /** Counts from 1, over the life of this daemon. */
  readonly sequence: number;
  readonly event: FluxEvent;
}

/** How many objects all remembered events may name together, each event counting as one more. */
const MAX_WEIGHT = 50_000;
const MAX_EVENTS = 1_000;

/** The last events, for whoever reads along. Bounded: the oldest are forgotten, and readers who are that far behind are told. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<() => void>();
  #weight = 0;
  #last = 0;

  /** The number of the newest event, 0 before the first. */
  get last(): number {
    return this.#last;
  }

  add(event: FluxEvent): void {
    this.#last += 1;
    this.#events.push({ sequence: this.#last, event });
    this.#weight += weightOf(event);
    while (this.#events.length > MAX_EVENTS || (this.#weight > MAX_WEIGHT && this.#events.length > 1)) {
      const oldest = this.#events.shift();
      if (oldest) this.#weight -= weightOf(oldest.event);
    }
    for (const listener of this.#listeners) listener();
  }

  /** What came after an event, oldest first; `complete` is false when something after it is forgotten already. */
  since(sequence: number): { readonly events: readonly LoggedEvent[]; readonly complete: boolean } {
    const oldest = this.#events[0]?.sequence ?? this.#last + 1;
    return { events: this.#events.slice(Math.max(0, sequence + 1 - oldest)), complete: sequence + 1 >= oldest };
  }

  /** Calls after each new event, until the returned function is called. A listener reads what is new by `since`. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

function weightOf({ objects }: FluxEvent): number {
  return 1 + objects.length;
}
