import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from './doors.ts';

/** Most connections at once; one network address gets few of them, and loopback always finds room (S-079). */
const MAX_CONNECTIONS = 512;
export const MAX_FROM_NETWORK = 384;
const MAX_FROM_ONE_ADDRESS = 64;

/** Closes connections over the limits as they come in. */
export function limitConnections(
  server: Server,
  localAddressOf: (socket: Socket) => string,
  maxFromOneAddress = MAX_FROM_ONE_ADDRESS,
): void {
  server.maxConnections = MAX_CONNECTIONS;
  const byAddress = new Map<string, number>();
  let fromNetwork = 0;
  server.on('connection', (socket: Socket) => {
    if (isLoopback(localAddressOf(socket))) return;
    const address = socket.remoteAddress ?? '';
    const open = byAddress.get(address) ?? 0;
    if (fromNetwork >= MAX_FROM_NETWORK || open >= maxFromOneAddress) return void socket.destroy();
    fromNetwork += 1;
    byAddress.set(address, open + 1);
    socket.once('close', () => {
      fromNetwork -= 1;
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left === 0) byAddress.delete(address);
      else byAddress.set(address, left);
    });
  });
}
