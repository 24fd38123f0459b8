import { type Clock, type FluxError, waitOrAbort } from '../../base/index.ts';

interface Outage {
  readonly error: FluxError;
  readonly retryAt: number;
  /** The request that probes the server. */
  probe?: Promise<void>;
}

/** Sends one request. @throws the error of `send`, or that of a concurrent probe. */
export type OutageGate = <T>(signal: AbortSignal | undefined, send: () => Promise<T>) => Promise<T>;

/** Spreads waiting requests, so that they do not overload a starting server. */
const RECONNECT_MS = 1_000;

/**
 * While the server is unreachable, one request at a time probes it, at most once a second, and the others share its failure.
 */
export function createOutageGate(clock: Clock): OutageGate {
  let outage: Outage | undefined;

  async function noting<T>(send: () => Promise<T>): Promise<T> {
    try {
      const answer = await send();
      outage = undefined;
      return answer;
    } catch (thrown) {
      const error = thrown as FluxError;
      if (isNoConnection(error)) outage = { error, retryAt: clock.monotonic() + RECONNECT_MS };
      // An aborted probe proves nothing.
      else if (error.code !== 'cluster/stopped') outage = undefined;
      throw error;
    }
  }

  async function probe<T>(current: Outage, send: () => Promise<T>): Promise<T> {
    const attempt = noting(send);
    const end = () => {
      delete current.probe;
    };
    current.probe = attempt.then(end, end);
    return attempt;
  }

  return async (signal, send) => {
    while (outage !== undefined) {
      if (outage.probe !== undefined) {
        await waitOrAbort(outage.probe, signal);
        if (outage !== undefined) throw outage.error;
      } else {
        const wait = outage.retryAt - clock.monotonic();
        if (wait <= 0) return probe(outage, send);
        await clock.sleep(wait, signal ? { signal } : {});
      }
    }
    return noting(send);
  };
}

/** True if no connection could be established, in contrast to one that broke. */
function isNoConnection({ code, cause }: FluxError): boolean {
  if (code !== 'cluster/unreachable') return false;
  const reason = cause instanceof Error ? (cause.cause as NodeJS.ErrnoException | undefined) : undefined;
  return reason instanceof AggregateError || reason?.syscall === 'connect' || reason?.syscall === 'getaddrinfo';
}
