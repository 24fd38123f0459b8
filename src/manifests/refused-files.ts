import type { Clock, FluxError } from '../base/index.ts';

/** Reading such a file costs up to 20 s: a few of them would take all the time of each sync. */
const AGAIN_MS = 600_000;

/**
 * Content that could not be read within the bounds of time and memory. It is refused unread for a while, and tried again then, because
 * a machine that stood still or had no memory is a reason as well.
 */
export class RefusedFiles {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #refused = new Map<string, { readonly error: FluxError; readonly until: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  add(content: string, error: FluxError): void {
    const now = this.#clock.monotonic();
    for (const [other, { until }] of this.#refused) if (until <= now) this.#refused.delete(other);
    this.#refused.set(content, { error, until: now + AGAIN_MS });
  }

  /** Why the content is not read now. */
  of(content: string): FluxError | undefined {
    const known = this.#refused.get(content);
    return known !== undefined && this.#clock.monotonic() < known.until ? known.error : undefined;
  }
}
