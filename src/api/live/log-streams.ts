import { FluxError } from '../../base/index.ts';
import { Occupancy } from '../occupancy.ts';

/** Open logs, in all and of one caller; each keeps a connection to the API server open. */
const MAX_STREAMS = 32;
const MAX_OF_ONE = 8;

/** Bounds the logs that are read at a time. */
export class LogStreams {
  readonly #open = new Occupancy();

  /** Returns the function that ends it, which the signal calls as well. @throws FluxError `live/too-many-logs`. */
  enter(caller: string, signal: AbortSignal): () => void {
    const own = this.#open.of(caller);
    if (this.#open.all >= MAX_STREAMS || own >= MAX_OF_ONE)
      throw new FluxError(
        `limit of ${own >= MAX_OF_ONE ? `${MAX_OF_ONE} open logs of one user` : `${MAX_STREAMS} open logs`} reached`,
        {
          code: 'live/too-many-logs',
          help: 'Close another one, or try again in half a minute.',
          expected: true,
        },
      );
    const out = this.#open.enter(caller);
    const leave = () => {
      signal.removeEventListener('abort', leave);
      out();
    };
    signal.addEventListener('abort', leave, { once: true });
    return leave;
  }
}
