import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { selfSignedCertificate } from '../../src/sim/kubernetes/certificate.ts';

/** An API server with pods whose port-forward answers each connection like a small HTTP daemon. */
export class PodServer {
  /** Names of running pods by selector, in the namespace that is asked for. */
  pods: Readonly<Record<string, readonly string[]>> = {};
  /** What a list of all namespaces gives; undefined when that is forbidden. */
  elsewhere: readonly { readonly namespace: string; readonly name: string }[] | undefined = [];
  readonly asked: URL[] = [];
  readonly forwarded: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  status = 200;
  /** Is waited for before a stream is opened. */
  opening: Promise<unknown> = Promise.resolve();
  /** What the daemon in a pod answers to a request line. */
  reply = (line: string): string => `pong ${line}`;
  /** Answer to a port-forward: `101` opens it. */
  upgradeStatus = 101;
  /** Names of pods that are no more. */
  gone: readonly string[] = [];
  /** So many streams break as soon as a request has arrived in the pod. */
  breaks = 0;
  /** What the node says on the channel for errors in place of an answer. */
  complaint = '';
  readonly #sockets = new Set<Socket>();
  readonly certificate = selfSignedCertificate(Date.now());
  readonly #server;

  constructor({ secure = false } = {}) {
    const answer: RequestListener = (request, response) => this.#answer(request, response);
    this.#server = secure ? createTlsServer(this.certificate, answer) : createServer(answer);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://server');
    this.asked.push(url);
    this.authorizations.push(request.headers.authorization);
    const everywhere = !url.pathname.includes('/namespaces/');
    const names = this.pods[url.searchParams.get('labelSelector') ?? ''] ?? [];
    const found = everywhere ? (this.elsewhere ?? []) : names.map((name) => ({ name }));
    const status = everywhere && !this.elsewhere ? 403 : this.status;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        status === 200
          ? {
              kind: 'PartialObjectMetadataList',
              metadata: { resourceVersion: '1' },
              items: found.map((metadata) => ({ metadata })),
            }
          : status === 401
            ? { kind: 'Status', message: 'Unauthorized', reason: 'Unauthorized' }
            : { kind: 'Status', message: 'pods is forbidden', reason: 'Forbidden' },
      ),
    );
  }

  async start(): Promise<number> {
    this.#server.on('upgrade', async (request, socket) => {
      this.authorizations.push(request.headers.authorization);
      this.forwarded.push(request.url ?? '');
      await this.opening;
      const isGone = this.gone.some((name) => request.url?.includes(`/pods/${name}/`));
      const status = isGone ? 404 : this.upgradeStatus;
      if (status !== 101) {
        socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
        return;
      }
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
      );
      // Each channel opens with the port number: data on 0, errors on 1.
      for (const channel of [0, 1]) socket.write(frame(Buffer.from([channel, 3030 & 255, 3030 >> 8])));
      socket.on('data', (chunk: Buffer) => {
        const payload = unmask(chunk);
        if (payload?.[0] !== 0) return;
        if (this.breaks > 0) {
          this.breaks -= 1;
          socket.destroy();
          return;
        }
        if (this.complaint !== '') {
          socket.write(frame(Buffer.from(`\u0001${this.complaint}`)));
          return;
        }
        const [line = ''] = payload.subarray(1).toString().split('\r\n');
        const body = this.reply(line);
        socket.write(
          frame(
            Buffer.from(`\0HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`),
          ),
        );
      });
      socket.on('error', () => socket.destroy());
      socket.on('end', () => socket.end());
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function frame(payload: Buffer): Buffer {
  const head = payload.length < 126 ? [0x82, payload.length] : [0x82, 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Payload of one masked binary frame; undefined for others. */
function unmask(chunk: Buffer): Buffer | undefined {
  if (((chunk[0] ?? 0) & 15) !== 2) return undefined;
  const short = (chunk[1] ?? 0) & 127;
  const at = short === 126 ? 4 : 2;
  const mask = chunk.subarray(at, at + 4);
  return Buffer.from(chunk.subarray(at + 4).map((byte, n) => byte ^ (mask[n % 4] ?? 0)));
}
