import type { Clock } from '../clock.ts';
import { waitOrAbort } from '../wait-or-abort.ts';
import { connectHttp2, type Http2Connection } from './http2-connection.ts';
import type { ReadTls } from './wire.ts';

/** The connections to one server. */
export interface Http2Pool {
  /** A connection with a free stream. */
  find(): Http2Connection | undefined;
  /** Resolves when a stream may be free; false if the server does not speak HTTP/2. */
  mayHaveRoom(signal: AbortSignal): Promise<boolean>;
  close(): void;
}

export interface Http2PoolOptions {
  readonly maxConnections: number;
  readonly tls: ReadTls;
  readonly clock: Clock;
}

/** Opens the first connection on demand, and another one when the existing ones have no free stream. */
export function createHttp2Pool(url: URL, { maxConnections, tls, clock }: Http2PoolOptions): Http2Pool {
  let connections: readonly Http2Connection[] = [];
  let connecting: Promise<void> | undefined;
  /** Once known, it holds for the lifetime of the transport. */
  let isHttp1 = false;
  let isClosing = false;
  let change = Promise.withResolvers<void>();

  function onChange(): void {
    if (connections.some(({ isClosed }) => isClosed)) connections = connections.filter((each) => !each.isClosed);
    change.resolve();
    change = Promise.withResolvers();
  }

  async function connect(): Promise<void> {
    try {
      const made = await connectHttp2(url, { tls, clock, onChange });
      if (made === undefined) isHttp1 = true;
      else if (isClosing) made.destroy();
      else connections = [...connections, made];
    } finally {
      connecting = undefined;
    }
  }

  return {
    find: () => connections.find(({ room }) => room > 0),
    async mayHaveRoom(signal) {
      if (isClosing) throw new Error('the transport was closed');
      if (!isHttp1 && !connecting && connections.filter(({ isOver }) => !isOver).length < maxConnections) {
        connecting = connect();
        connecting.catch(() => undefined); // the waiting requests get the error
      }
      if (!isHttp1) await waitOrAbort(connecting ?? change.promise, signal);
      return !isHttp1;
    },
    close() {
      isClosing = true;
      for (const connection of connections) connection.destroy();
    },
  };
}
