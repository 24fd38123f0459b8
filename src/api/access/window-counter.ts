import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/index.ts';

/** Maximum number of counted names. */
const MAX_NAMES = 1000;

/** Counts events by name within a time window, which starts with a name's first event. */
export class WindowCounter {
  readonly #clock: Clock;
  readonly #stretchMs: number;
  readonly #counts = new LRUCache<string, { readonly since: number; count: number }>({ max: MAX_NAMES });

  constructor(clock: Clock, stretchMs: number) {
    this.#clock = clock;
    this.#stretchMs = stretchMs;
  }

  of(name: string): number {
    const entry = this.#counts.get(name);
    return entry !== undefined && this.#clock.monotonic() - entry.since < this.#stretchMs ? entry.count : 0;
  }

  count(name: string): void {
    const entry = this.#counts.get(name);
    const now = this.#clock.monotonic();
    if (entry && now - entry.since < this.#stretchMs) entry.count += 1;
    else this.#counts.set(name, { since: now, count: 1 });
  }
}
