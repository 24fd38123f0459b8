import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from './doors.ts';

/** Most connections at once; one network address gets few of them, and loopback always finds room (S-079). */
export const MAX_CONNECTIONS = 512;
export const MAX_FROM_NETWORK = 384;
const MAX_FROM_ONE_ADDRESS = 64;

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
  maxFromOneAddress = MAX_FROM_ONE_ADDRESS,
): void {
  server.maxConnections = MAX_CONNECTIONS;
  /** By the client's end, the one that was heard of last at the end. By TLS the server sees another socket, with the same end. */
  const fromNetwork = new Map<string, Connection>();
  const byAddress = new Map<string, number>();

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
}

/** It has said all that it wants to know, and waits for us. */
function isBeingAnswered({ exchange }: Connection): boolean {
  return exchange?.incoming.complete === true && !exchange.outgoing.writableFinished;
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
