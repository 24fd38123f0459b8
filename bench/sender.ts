import { Agent, request } from 'node:http';

export interface Request {
  /** Default GET. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends over connections that stay open, as an Ingress does, and reads answers to their end; 0 for a request that got none. */
export function createSender(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, scheduling: 'fifo' });
  return {
    send: ({ method = 'GET', path, headers = {}, body }: Request) =>
      new Promise<number>((resolve) => {
        const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
        const outgoing = request(
          { host: '127.0.0.1', port, agent, method, path, headers: { ...headers, ...length } },
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
