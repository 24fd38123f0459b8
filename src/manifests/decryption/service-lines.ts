import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Cancellable, Clock } from '../../base/index.ts';
import type { BuildOutcome } from '../../repository/index.ts';
import { notAsked } from './failures.ts';
import { type ServiceKey, serviceOf } from './key-services.ts';

/** How long a service is not asked that did not answer, in milliseconds. A file that failed is not tried again before. */
const PAUSE_MS = 20_000;
/** Files that a service is asked for at once: all of a sync may be for one. */
const AT_ONCE = 2;
/** Of those that files name, the ones that were asked last. */
const MAX_LINES = 500;

interface Line {
  readonly turns: ReturnType<typeof pLimit>;
  /** By the monotonic clock. */
  silentUntil: number;
}

/**
 * Has the files for each key service stand in a line. While it is not known that the service answers, it is asked for one file. If the
 * time of that is over, all that wait are refused, and so are others for a pause: a service that hangs costs the time of one file.
 */
export class ServiceLines {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #lines = new LRUCache<string, Line>({ max: MAX_LINES });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Runs sops on a file for these keys when it is its turn. @throws the signal's reason; FluxError `decryption/timed-out`; what `run` throws */
  async ask(
    path: string,
    keys: readonly ServiceKey[],
    run: () => Promise<BuildOutcome>,
    { signal }: Cancellable,
  ): Promise<BuildOutcome> {
    if (keys.length === 0) return run();
    const line = this.#lineOf(keys);
    return line.turns(async () => {
      signal?.throwIfAborted();
      if (this.#clock.monotonic() < line.silentUntil) throw notAsked(path, keys);
      const outcome = await run();
      const answered = !isTimedOut(outcome);
      line.silentUntil = answered ? 0 : this.#clock.monotonic() + PAUSE_MS;
      line.turns.concurrency = answered ? AT_ONCE : 1;
      return outcome;
    });
  }

  #lineOf(keys: readonly ServiceKey[]): Line {
    const name = [...new Set(keys.map(serviceOf))].sort().join(' ');
    const line = this.#lines.get(name) ?? { turns: pLimit(1), silentUntil: 0 };
    this.#lines.set(name, line);
    return line;
  }
}

function isTimedOut(outcome: BuildOutcome): boolean {
  return outcome.kind === 'failed' && outcome.failure.kind === 'limit' && outcome.failure.limit === 'time';
}
