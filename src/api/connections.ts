import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/index.ts';
import { isLoopback } from './doors.ts';

/** Most connections at once; one network address gets few of them, and loopback always finds room (S-079). */
export const MAX_CONNECTIONS = 512;
export const MAX_FROM_NETWORK = 384;
const MAX_FROM_ONE_ADDRESS = 64;
/** An address that floods gets no connection for so long; so many such addresses are remembered. */
const SHUT_OUT_MS = 2000;
const MAX_SHUT_OUT = 1000;

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  /** The last that it asked. */
  exchange?: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}

/**
 * Holds connections from the network within the limits as they come in: what has waited longest without a question gives way, of the
 * same address when that has its share, so that many who say nothing cannot keep out one who asks.
 */
export function limitConnections(
  server: Server,
  localAddressOf: (socket: Socket) => string,
  clock: Clock,
  maxFromOneAddress = MAX_FROM_ONE_ADDRESS,
): { readonly shutOut: (socket: Socket) => void } {
  server.maxConnections = MAX_CONNECTIONS;
  /** By the client's end, the one that was heard of last at the end. By TLS the server sees another socket, with the same end. */
  const fromNetwork = new Map<string, Connection>();
  const byAddress = new Map<string, number>();
  const shutOutAt = new LRUCache<string, number>({ max: MAX_SHUT_OUT });

  function release(end: string, connection: Connection): void {
    if (fromNetwork.get(end) !== connection) return;
    fromNetwork.delete(end);
    const left = (byAddress.get(connection.address) ?? 1) - 1;
    if (left === 0) byAddress.delete(connection.address);
    else byAddress.set(connection.address, left);
  }

  function makeRoom(among: (connection: Connection) => boolean): boolean {
    for (const [end, connection] of fromNetwork) {
      if (!among(connection) || isBeingAnswered(connection)) continue;
      release(end, connection);
      connection.socket.destroy();
      return true;
    }
    return false;
  }

  server.on('connection', (socket: Socket) => {
    if (isLoopback(localAddressOf(socket))) return;
    const [end, address] = [endOf(socket), socket.remoteAddress ?? ''];
    if (clock.monotonic() - (shutOutAt.get(address) ?? Number.NEGATIVE_INFINITY) < SHUT_OUT_MS) return void socket.destroy();
    const hasItsShare = (byAddress.get(address) ?? 0) >= maxFromOneAddress;
    const isFull = hasItsShare || fromNetwork.size >= MAX_FROM_NETWORK;
    if (isFull && !makeRoom((other) => !hasItsShare || other.address === address)) return void socket.destroy();
    const connection: Connection = { socket, address };
    fromNetwork.set(end, connection);
    byAddress.set(address, (byAddress.get(address) ?? 0) + 1);
    socket.once('close', () => release(end, connection));
  });

  const asked = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const end = endOf(incoming.socket);
    const connection = fromNetwork.get(end);
    if (!connection) return;
    connection.exchange = { incoming, outgoing };
    fromNetwork.delete(end);
    fromNetwork.set(end, connection);
  };
  server.on('request', asked);
  server.on('checkContinue', asked);

  return {
    /** Ends a connection that floods, before more of it is parsed, and with it all others of its address, which a flood uses alike. */
    shutOut(socket) {
      const address = fromNetwork.get(endOf(socket))?.address;
      socket.destroy();
      if (address === undefined) return;
      shutOutAt.set(address, clock.monotonic());
      for (const [end, connection] of fromNetwork) {
        if (connection.address !== address) continue;
        release(end, connection);
        connection.socket.destroy();
      }
    },
  };
}

/** It has said all that it wants to know, and waits for us. */
function isBeingAnswered({ exchange }: Connection): boolean {
  return exchange?.incoming.complete === true && !exchange.outgoing.writableFinished;
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
