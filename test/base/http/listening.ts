import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface Listening {
  readonly origin: string;
  /** Connections accepted so far. */
  connections(): number;
  open(): number;
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** Ends its connections too. */
  stop(): Promise<void>;
}

/** Has a server listen on loopback. `connected` is the event that counts as a connection: with TLS, before or after the handshake. */
export async function listen(
  server: Server,
  { scheme, connected }: { readonly scheme: string; readonly connected: 'connection' | 'secureConnection' },
): Promise<Listening> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on(connected, (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    connections: () => connections,
    open: () => sockets.size,
    sockets,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
