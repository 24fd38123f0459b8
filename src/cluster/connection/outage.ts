import { type Clock, type FluxError, waitOrAbort } from '../../base/index.ts';

interface Outage {
  readonly error: FluxError;
  readonly retryAt: number;
  /** The request that tries whether the server is back. */
  probe?: Promise<void>;
}

/** Sends one request, when it is its turn. @throws what `send` throws, or what another request has met meanwhile. */
export type OutageGate = <T>(signal: AbortSignal | undefined, send: () => Promise<T>) => Promise<T>;

/** A server that starts must not be run over by all who waited for it. */
const RECONNECT_MS = 1_000;

/**
 * While no connection to the server can be made, one request at a time tries whether it is back, at most once a second,
 * and the others share its failure.
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
      // Whoever was stopped has learned nothing.
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

/** True when no connection could be made, as against one that was made and broke. */
function isNoConnection({ code, cause }: FluxError): boolean {
  if (code !== 'cluster/unreachable') return false;
  const reason = cause instanceof Error ? (cause.cause as NodeJS.ErrnoException | undefined) : undefined;
  return reason instanceof AggregateError || reason?.syscall === 'connect' || reason?.syscall === 'getaddrinfo';
}
