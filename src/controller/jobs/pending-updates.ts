import { canonicalName } from '../../image/index.ts';
import { type FoundUpdate, type Gathering, type GatherTimes, type Look, lookAgain } from '../../update/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';

export interface PendingUpdatesOptions extends GatherTimes {
  readonly images: Pick<ImageWatch, 'readTag'>;
}

/** The updates that automation has found and not committed. Lost at a restart, which begins their wait again. */
export class PendingUpdates {
  readonly #options: PendingUpdatesOptions;
  #last: Look | undefined;

  constructor(options: PendingUpdatesOptions) {
    this.#options = options;
  }

  /** What waits for others, as of the last look; undefined if updates are not gathered. */
  get gathering(): Gathering | undefined {
    return this.#last?.gathering;
  }

  /** All that a look found at a time. Without a quiet time, nothing is gathered, and no image is read for it. */
  found(found: readonly FoundUpdate[], now: number): Gathering | undefined {
    const { quietMs, images } = this.#options;
    if (quietMs <= 0) return undefined;
    for (const { target, origin } of found) if (origin === undefined) images.readTag(canonicalName(target), target.tag);
    this.#last = lookAgain(this.#last, found, now, this.#options);
    return this.#last.gathering;
  }
}
