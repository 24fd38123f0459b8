import type { Clock, FluxError } from '../../base/index.ts';

/** Retry interval: reading such a file takes up to 20 s, so a few of them would use up the time of each sync. */
const AGAIN_MS = 600_000;

/**
 * Content that could not be read within the limits of time and memory. It is refused without reading for a while and then retried, since
 * a paused machine or a lack of memory may have been the reason.
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

  /** Why the content is not read now, if so. */
  of(content: string): FluxError | undefined {
    const known = this.#refused.get(content);
    return known !== undefined && this.#clock.monotonic() < known.until ? known.error : undefined;
  }
}
