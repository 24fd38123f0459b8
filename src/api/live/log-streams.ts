import { FluxError } from '../../base/index.ts';

/** Open logs, in all and of one caller; each keeps a connection to the API server open. */
const MAX_STREAMS = 32;
const MAX_OF_ONE = 8;

/** Bounds the logs that are read at a time. */
export class LogStreams {
  readonly #byCaller = new Map<string, number>();
  #all = 0;

  /** Returns the function that ends it, which the signal calls as well. @throws FluxError `live/too-many-logs`. */
  enter(caller: string, signal: AbortSignal): () => void {
    const own = this.#byCaller.get(caller) ?? 0;
    if (this.#all >= MAX_STREAMS || own >= MAX_OF_ONE)
      throw new FluxError(
        `limit of ${own >= MAX_OF_ONE ? `${MAX_OF_ONE} open logs of one user` : `${MAX_STREAMS} open logs`} reached`,
        {
          code: 'live/too-many-logs',
          help: 'Close another one, or try again in half a minute.',
          expected: true,
        },
      );
    this.#all += 1;
    this.#byCaller.set(caller, own + 1);
    let isOpen = true;
    const leave = () => {
      if (!isOpen) return;
      isOpen = false;
      signal.removeEventListener('abort', leave);
      this.#all -= 1;
      const left = (this.#byCaller.get(caller) ?? 1) - 1;
      if (left === 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
    };
    signal.addEventListener('abort', leave, { once: true });
    return leave;
  }
}
