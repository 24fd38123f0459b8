import http from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ConnectProxy {
  readonly url: string;
  /** The places that were asked for. */
  connects(): readonly string[];
  /** Everything that clients sent, their tunnels included. */
  seen(): Buffer;
  reset(): void;
}

/** A proxy for https, by CONNECT, as in a company's network. */
export async function startProxy(): Promise<ConnectProxy> {
  let places: string[] = [];
  let bytes: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    places.push(request.url ?? '');
    response.writeHead(405).end();
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.on('connect', (request: http.IncomingMessage, client: Socket, head: Buffer) => {
    places.push(request.url ?? '');
    bytes.push(Buffer.from(request.rawHeaders.join('\n')), head);
    const [host, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      client.on('data', (chunk: Buffer) => bytes.push(chunk));
      client.pipe(upstream).pipe(client);
    });
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connects: () => places,
    seen: () => Buffer.concat(bytes),
    reset() {
      places = [];
      bytes = [];
    },
  };
}
