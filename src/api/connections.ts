import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/index.ts';
import { isLoopback } from './access/caller.ts';
import { Occupancy } from './occupancy.ts';

/** Maximum number of connections; one network address gets a fraction of them, and loopback is always accepted (S-079). */
export const MAX_CONNECTIONS = 512;
export const MAX_FROM_NETWORK = 384;
const MAX_FROM_ONE_ADDRESS = 64;
/** How long a flooding address is blocked, and how many such addresses are remembered. */
const SHUT_OUT_MS = 2000;
const MAX_SHUT_OUT = 1000;

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  /** It counts no longer as one of its address. */
  readonly leave: () => void;
  /** Time of its last request. */
  exchange?: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}

/**
 * Limits the connections from the network. A new connection evicts the one that has been idle for longest, of the same address if that
 * has used its share, so that many idle connections cannot keep out an active client.
 */
export function limitConnections(
  server: Server,
  localAddressOf: (socket: Socket) => string,
  clock: Clock,
  maxFromOneAddress = MAX_FROM_ONE_ADDRESS,
): { readonly shutOut: (socket: Socket) => void } {
  server.maxConnections = MAX_CONNECTIONS;
  /** By the client's address and port, most recently active last. With TLS the server sees another socket with the same address. */
  const fromNetwork = new Map<string, Connection>();
  const byAddress = new Occupancy();
  const shutOutAt = new LRUCache<string, number>({ max: MAX_SHUT_OUT });

  function release(end: string, connection: Connection): void {
    if (fromNetwork.get(end) !== connection) return;
    fromNetwork.delete(end);
    connection.leave();
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
    const hasItsShare = byAddress.of(address) >= maxFromOneAddress;
    const isFull = hasItsShare || fromNetwork.size >= MAX_FROM_NETWORK;
    if (isFull && !makeRoom((other) => !hasItsShare || other.address === address)) return void socket.destroy();
    const connection: Connection = { socket, address, leave: byAddress.enter(address) };
    fromNetwork.set(end, connection);
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
    /** Ends a flooding connection before more of it is parsed, along with all others of its address. */
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

/** The client has sent its request and waits for the response. */
function isBeingAnswered({ exchange }: Connection): boolean {
  return exchange?.incoming.complete === true && !exchange.outgoing.writableFinished;
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
