import type { Clock } from '../../base/index.ts';
import { formatApiVersion } from '../../resource/index.ts';
import { type ApiResource, kindName } from './api-resource.ts';

/** A kind that is not named any more is gone when a look so much later says the same. */
const SECOND_LOOK_MS = 10_000;

/** Finds kinds that the API server named before and does not name now. One answer alone is not believed. */
export class Vanished {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #known: ReadonlyMap<string, ApiResource> = new Map();
  /** By kind and version: since when no look has named it. */
  readonly #since = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** To be called at each look, with what it names, and API versions that it could not see. Returns the kinds that may or may not be gone. */
  look(resources: readonly ApiResource[], unseen: readonly string[]): readonly ApiResource[] {
    const now = this.#clock.monotonic();
    const known = new Map(resources.map((resource) => [kindName(resource), resource]));
    const doubtful: ApiResource[] = [];
    for (const [key, resource] of this.#known) {
      const since = this.#since.get(key) ?? now;
      const isSeen = known.has(key);
      if (isSeen || unseen.includes(formatApiVersion(resource)) || now >= since + SECOND_LOOK_MS) this.#since.delete(key);
      else this.#since.set(key, since);
      if (isSeen || now >= since + SECOND_LOOK_MS) continue;
      known.set(key, resource);
      if (this.#since.has(key)) doubtful.push(resource);
    }
    this.#known = known;
    return doubtful;
  }
}
