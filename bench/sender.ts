import { Agent, request } from 'node:http';

export interface Request {
  /** Default GET. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SenderOptions {
  readonly host?: string;
  /** The address that it sends from. */
  readonly localAddress?: string;
  /** Connections stay open, as those of an Ingress do; a connection for each request, as the kubelet has, when this is off. */
  readonly keepAlive?: boolean;
}

/** Sends, and reads answers to their end; 0 for a request that got none. */
export function createSender(port: number, { host = '127.0.0.1', localAddress, keepAlive = true }: SenderOptions = {}) {
  const agent = new Agent({ keepAlive, maxSockets: 64, scheduling: 'fifo' });
  return {
    send: ({ method = 'GET', path, headers = {}, body }: Request) =>
      new Promise<number>((resolve) => {
        const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
        const outgoing = request(
          {
            host,
            port,
            agent,
            ...(localAddress === undefined ? {} : { localAddress }),
            method,
            path,
            headers: { ...headers, ...length },
          },
          (incoming) => {
            incoming.resume();
            incoming.once('end', () => resolve(incoming.statusCode ?? 0));
            incoming.once('error', () => resolve(0));
          },
        );
        outgoing.once('error', () => resolve(0));
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}
